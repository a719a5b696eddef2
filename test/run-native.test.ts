import { openNativeRuntime } from "../src/run/native.node.ts";
import { contract } from "./run-contract.ts";

// Measured: 3.2e-7 at most.
contract("the native runtime, CPU", () => openNativeRuntime(), { tolerance: 1e-5 });
