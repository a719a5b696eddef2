/** The sentences of warnings. */
export const textsOf = (warnings: readonly { text: string }[]): string[] => warnings.map(({ text }) => text);
