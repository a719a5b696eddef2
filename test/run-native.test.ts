import { openNativeRuntime } from "../src/run/native.node.ts";
import { contract } from "./run-contract.ts";

// Measured: 1.2e-6 at most.
contract("the native runtime, CPU", () => openNativeRuntime(), { tolerance: 1e-5 });
