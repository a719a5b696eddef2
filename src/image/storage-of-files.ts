import { type MemoryStorage, memoryStorage } from "./memory-storage.ts";

/**
 * A storage with the files that a user chose or dropped in a browser, and room for outputs in memory. A file of a chosen
 * folder (`<input type="file" webkitdirectory>`) has its path in that folder, "stacks/a.tif"; any other file has its
 * name. Files are read piece by piece, when they are needed.
 */
export function storageOfFiles(files: Iterable<File>): MemoryStorage {
  const storage = memoryStorage();
  for (const file of files) storage.put(file.webkitRelativePath || file.name, file);
  return storage;
}
