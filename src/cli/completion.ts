/** What shells need to complete the words of parfocal commands: the names of commands and of their flags. */
import { ParfocalError } from "../errors.ts";
import { taskNames, tasks } from "../tasks/tasks.ts";
import { kebab, withFlags } from "./flags.ts";
import { keysOf } from "./task-flags.ts";

interface CommandFlags {
  name: string;
  summary: string;
  flags: readonly { flag: string; words: readonly string[]; help: string }[];
}

const common = ["json", "quiet", "debug", "help"].map((name) => ({ flag: `--${name}`, words: [], help: "" }));

/**
 * A script for a shell.
 * @throws usage for a shell that is not known
 */
export async function completion(shell: string): Promise<string> {
  const all: CommandFlags[] = [];
  for (const name of taskNames) {
    const { options } = await tasks[name].load();
    const names = new Set(keysOf(options).map(([key]) => key));
    const flags = keysOf(options)
      .filter(([, key]) => !key.positional)
      .map(([key, { description = "", enum: words = [] }]) => ({
        flag: `--${kebab(key)}`,
        words: words.map(String),
        help: withFlags(description, names),
      }));
    all.push({ name, summary: tasks[name].summary, flags: [...flags, ...common] });
  }
  if (shell === "bash") return bash(all);
  if (shell === "zsh") return `autoload -U +X bashcompinit && bashcompinit\n${bash(all)}`;
  if (shell === "fish") return fish(all);
  const expected = "bash, zsh or fish";
  const message = `There is no completion for ${shell}; expected ${expected}.`;
  throw new ParfocalError("usage", message, { option: "shell", got: shell, expected });
}

function bash(all: readonly CommandFlags[]): string {
  const cases = all.map(({ name, flags }) => `    ${name}) flags="${flags.map(({ flag }) => flag).join(" ")}" ;;`);
  const words = new Map(
    all.flatMap(({ name, flags }) =>
      flags.flatMap(({ flag, words }) => (words.length > 0 ? [[`${name}:${flag}`, words.join(" ")] as const] : [])),
    ),
  );
  return `# parfocal: source this file, such as by  source <(parfocal completion bash)
_parfocal() {
  local word="\${COMP_WORDS[COMP_CWORD]}" before="\${COMP_WORDS[COMP_CWORD-1]}" flags=""
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W "${all.map(({ name }) => name).join(" ")} --help --version" -- "$word"))
    return
  fi
  case "\${COMP_WORDS[1]}:$before" in
${Array.from(words, ([place, list]) => `    ${place}) COMPREPLY=($(compgen -W "${list}" -- "$word")); return ;;`).join("\n")}
  esac
  case "\${COMP_WORDS[1]}" in
${cases.join("\n")}
  esac
  if [[ "$word" == -* ]]; then COMPREPLY=($(compgen -W "$flags" -- "$word")); else COMPREPLY=($(compgen -f -- "$word")); fi
}
complete -o filenames -F _parfocal parfocal
`;
}

function fish(all: readonly CommandFlags[]): string {
  const quoted = (text: string): string => `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
  return [
    "# parfocal: save as ~/.config/fish/completions/parfocal.fish",
    ...all.map(({ name, summary }) => `complete -c parfocal -n __fish_use_subcommand -a ${name} -d ${quoted(summary)}`),
    ...all.flatMap(({ name, flags }) =>
      flags.map(({ flag, words, help }) => {
        const values = words.length > 0 ? ` -xa ${quoted(words.join(" "))}` : "";
        return `complete -c parfocal -n '__fish_seen_subcommand_from ${name}' -l ${flag.slice(2)}${values} -d ${quoted(help)}`;
      }),
    ),
    "",
  ].join("\n");
}
