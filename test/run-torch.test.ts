import { openNativeRuntime } from "../src/run/native.node.ts";
import { openReferenceRuntime } from "../src/run/reference.ts";
import { openWebRuntime } from "../src/run/web.ts";
import { torchTraining } from "./torch-training.ts";

torchTraining("the reference runtime", async () => openReferenceRuntime());
torchTraining("the native runtime, CPU", () => openNativeRuntime());
torchTraining("the web runtime, WebAssembly", () => openWebRuntime());
