/** docs/recipes.md and docs/recipe-keys.md tell the truth. After a change of keys: npx vitest run test/recipe-docs.test.ts -u */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { imagingModes, modeNames } from "../src/simulate/modes.ts";
import { recipeSchema, specimenSchema } from "../src/simulate/recipe.ts";
import { recipeFromYaml } from "../src/simulate/recipe-yaml.ts";
import { shippedRecipes } from "../src/simulate/shipped-recipes.ts";
import { createSimulator } from "../src/simulate/simulator.ts";

interface JsonSchema {
  type?: string;
  description?: string;
  default?: unknown;
  enum?: readonly string[];
  const?: unknown;
  properties?: Record<string, JsonSchema>;
  required?: readonly string[];
  anyOf?: readonly JsonSchema[];
  oneOf?: readonly JsonSchema[];
}

const text = (value: unknown): string =>
  value === undefined ? "" : `\`${typeof value === "string" ? value : JSON.stringify(value)}\``;

function rows({ properties = {} }: JsonSchema, leaveOut: readonly string[] = []): string[] {
  return Object.entries(properties)
    .filter(([key]) => !leaveOut.includes(key))
    .map(([key, part]) => {
      const words = part.enum ? ` (${part.enum.join(", ")})` : "";
      const filled = part.type === "object" ? undefined : part.default;
      return `| \`${key}\` | ${filled === "" ? "" : text(filled)} | ${(part.description ?? "").replaceAll("|", "\\|")}${words} |`;
    });
}

const table = (part: JsonSchema, leaveOut: readonly string[] = []): string[] => [
  "| key | default | what it is |",
  "|---|---|---|",
  ...rows(part, leaveOut),
];

function keysDocument(): string {
  const schema = (of: z.ZodType) => z.toJSONSchema(of, { io: "input", unrepresentable: "any" }) as JsonSchema;
  const recipe = schema(recipeSchema);
  const part = (key: string) => recipe.properties?.[key] ?? {};
  const kinds = schema(specimenSchema).oneOf ?? schema(specimenSchema).anyOf ?? [];
  const kindOf = (one: JsonSchema) => one.properties?.kind ?? {};
  const lines = [
    "# Keys of a recipe",
    "",
    "Written from the schema by test/recipe-docs.test.ts. How they are used: [recipes](recipes.md).",
    "",
    ...table(recipe),
    ...["split", "optics", "camera", "stage"].flatMap((key) => ["", `## ${key}`, "", ...table(part(key))]),
    ...kinds.flatMap((one) => {
      const kind = kindOf(one);
      return ["", `## specimen: ${kind.const}`, "", `${kind.description}.`, "", ...table(one, ["kind"])];
    }),
  ];
  for (const mode of modeNames) {
    const { summary, options } = imagingModes[mode];
    lines.push("", `## images: ${mode}`, "", `${summary}.`, "");
    const own = schema(options);
    if (Object.keys(own.properties ?? {}).length > 0) lines.push(...table(own));
    else lines.push("It has no keys of its own.");
  }
  lines.push("", "Each image has `optics`, `camera` (what differs from the recipe's) and `registration`:", "");
  const imageSchemas = (recipe.properties?.images as { additionalProperties?: JsonSchema })?.additionalProperties;
  const [image] = imageSchemas?.oneOf ?? imageSchemas?.anyOf ?? [];
  lines.push(...table(image?.properties?.registration ?? {}));
  const objectives = (part("objectives") as { items?: JsonSchema }).items ?? {};
  const specimens = (part("specimens") as { items?: JsonSchema }).items ?? {};
  lines.push("", "## objectives", "", ...table(objectives), "", "## specimens", "", ...table(specimens));
  lines.push("", "## Shipped recipes", "", "| name | what it is |", "|---|---|");
  lines.push(...shippedRecipes.map(({ name, summary }) => `| \`${name}\` | ${summary} |`));
  return `${lines.join("\n")}\n`;
}

describe("docs/recipe-keys.md", () => {
  it("lists every key with its default", async () => {
    const document = keysDocument();
    expect(document.match(/^\| `/gm)?.length).toBeGreaterThan(120);
    await expect(document).toMatchFileSnapshot("../docs/recipe-keys.md");
  });

  it("says of every key what it is", () => {
    const silent = keysDocument()
      .split("\n")
      .filter((line) => /^\| `.*\| +\|$/.test(line));
    expect(silent).toEqual([]);
  });
});

describe("docs/recipes.md", () => {
  const document = readFileSync("docs/recipes.md", "utf8");
  const recipes = Array.from(document.matchAll(/```yaml\n(.*?)```/gs), ([, block]) => block);

  it("shows recipes that work", async () => {
    expect(recipes).toHaveLength(3);
    for (const recipe of recipes) createSimulator(recipeFromYaml(recipe, "docs/recipes.md"));
    const first = createSimulator({ ...(recipeFromYaml(recipes[0], "") as object), planes: 3 });
    expect((await first.field(0)).images.stack.stack.data.some((count) => count > 500)).toBe(true);
  });
});
