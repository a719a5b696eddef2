/** Names of stacks for folders and tables: file names without folders and endings. Equal names are numbered. */
export function stackNames(paths: readonly string[]): string[] {
  const plain = paths.map((path) => (path.split(/[\\/]/).pop() ?? path).replace(/(\.ome)?\.[^.]+$/i, "") || "stack");
  return plain.map((name, i) => {
    const before = plain.slice(0, i).filter((one) => one === name).length;
    return before === 0 ? name : `${name}-${before + 1}`;
  });
}
