// Emphasis in prompts, as Automatic1111's web UI writes it: (more), [less], (that:1.3).

/** A stretch of a prompt of one weight. */
export interface Run {
  readonly text: string;
  readonly weight: number;
}

/** Escaped signs, weights that close a bracket, brackets, and the text between them; a backslash before anything else is left out. */
const pattern = /\\[()[\]\\]?|:\s*([+-]?(?:\d+\.?\d*|\.\d+))\s*\)|[()[\]:]|[^\\()[\]:]+/g;
const step = 1.1;

/**
 * The sections of a prompt between the words BREAK, each as runs of equal weight; always at least one section, and none of its runs is empty.
 * Round brackets multiply the weight by 1.1 or by the number that stands before their end, square ones divide it by 1.1; brackets without their partner are text.
 */
export function parseEmphasis(prompt: string): readonly (readonly Run[])[] {
  const pieces: { text: string; weight: number; readonly breaks: boolean }[] = [];
  const add = (text: string, breaks = false) => pieces.push({ text, weight: 1, breaks });
  const [round, square]: [number[], number[]] = [[], []];
  const close = (opened: number[], factor: number): void => {
    const first = opened.pop()!;
    pieces[first]!.text = '';
    for (const piece of pieces.slice(first)) piece.weight *= factor;
  };
  for (const [token, weight] of prompt.matchAll(pattern)) {
    if (token.startsWith('\\')) add(token.slice(1));
    else if (token === '(' || token === '[') (token === '(' ? round : square).push(add(token) - 1);
    else if (weight !== undefined && round.length > 0) close(round, Number(weight));
    else if (token === ')' && round.length > 0) close(round, step);
    else if (token === ']' && square.length > 0) close(square, 1 / step);
    else
      token.split(/\s*\bBREAK\b\s*/).forEach((text, i) => {
        if (i > 0) add('', true);
        add(text);
      });
  }
  const sections: { text: string; weight: number }[][] = [[]];
  for (const { text, weight, breaks } of pieces) {
    const section = sections.at(-1)!;
    const last = section.at(-1);
    if (breaks) sections.push([]);
    else if (last?.weight === weight) last.text += text;
    else if (text !== '') section.push({ text, weight });
  }
  return sections;
}
