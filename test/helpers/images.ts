/** What tests of the command line make their input files with. */
export { Random } from "../../src/array/random.ts";
export { encodeImage, type Image } from "../../src/index.ts";
