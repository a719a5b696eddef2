import { openReferenceRuntime } from "../src/run/reference.ts";
import { contract } from "./run-contract.ts";

contract("the reference runtime", async () => openReferenceRuntime(), { tolerance: 0 });
