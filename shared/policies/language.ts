/** Frequent small words. A word may stand in several rows; what counts is the share of each row in the text. */
const STOP_WORDS: Readonly<Record<string, ReadonlySet<string>>> = Object.fromEntries(
  Object.entries({
    en: 'the of and to in that is for you your with are not or be this we may on it by as any our from have will if can must such at',
    fr: 'le la les des et est vous votre vos pour dans une un que qui sur par pas ne ou avec sont nous ce cette au aux du être plus peut en de',
    de: 'der die das und ist nicht sie ihre ihr oder für mit auf den von zu im in ein eine dem werden wir kann sind auch bei des sich als wenn',
    es: 'el la los las que y es en su sus usted para una un con por no se del al como o pero son puede nuestros si de lo',
    it: 'il la di che e è per non un una sono con della del dei delle le gli nel al in tuo tuoi ci si o come anche i',
    pt: 'o a os as que e é em não para uma um com por seu sua você dos das do da de no na se ou pelo são',
    nl: 'de het een en van is niet voor met op te dat u je uw of in zijn aan wordt die bij kan deze om wij ook',
    sv: 'och att det som är för inte en av på med du vi kan till den ett har eller om din i de',
    da: 'og at det som er for ikke en af på med du vi kan til den et har eller om din i de',
    pl: 'i w na nie się do że jest z oraz lub dla są przez to jak być o po co od',
    tr: 've bir bu için ile veya olarak da de her olan çok gibi en ya ne kadar',
  }).map(([language, words]) => [language, new Set(words.split(' '))]),
);

const SCRIPTS = {
  kana: /[\u3040-\u30ff]/g,
  han: /[\u3400-\u9fff]/g,
  hangul: /[\uac00-\ud7af\u1100-\u11ff]/g,
  cyrillic: /[\u0400-\u052f]/g,
  arabic: /[\u0600-\u06ff]/g,
  hebrew: /[\u0590-\u05ff]/g,
  greek: /[\u0370-\u03ff]/g,
  thai: /[\u0e00-\u0e7f]/g,
  devanagari: /[\u0900-\u097f]/g,
  latin: /[a-z\u00c0-\u024f]/gi,
} as const;
type Script = keyof typeof SCRIPTS;

const SCRIPT_OF: Readonly<Record<string, Script>> = {
  ja: 'kana',
  zh: 'han',
  ko: 'hangul',
  ru: 'cyrillic',
  uk: 'cyrillic',
  bg: 'cyrillic',
  sr: 'cyrillic',
  ar: 'arabic',
  fa: 'arabic',
  ur: 'arabic',
  he: 'hebrew',
  el: 'greek',
  th: 'thai',
  hi: 'devanagari',
};

/** A page of a megabyte is in the language of its beginning, middle and end. */
const SAMPLE_CHARACTERS = 20_000;
const sampleOf = (text: string): string => {
  if (text.length <= 3 * SAMPLE_CHARACTERS) return text;
  const middle = Math.floor(text.length / 2);
  return [
    text.slice(0, SAMPLE_CHARACTERS),
    text.slice(middle, middle + SAMPLE_CHARACTERS),
    text.slice(-SAMPLE_CHARACTERS),
  ].join(' ');
};

const MIN_LETTERS = 60;
const MIN_WORDS = 12;
const ENOUGH_WORDS = 60;

const scriptOf = (text: string): { readonly script: Script; readonly share: number } | undefined => {
  const counts = Object.entries(SCRIPTS).map(
    ([script, letters]) => [script as Script, text.match(letters)?.length ?? 0] as const,
  );
  const total = counts.reduce((sum, [, count]) => sum + count, 0);
  if (total < MIN_LETTERS) return undefined;
  const of = (script: Script): number => counts.find(([name]) => name === script)?.[1] ?? 0;
  const japanese = of('kana') / Math.max(1, of('kana') + of('han')) > 0.05;
  const folded = counts
    .filter(([script]) => script !== 'kana' && script !== 'han')
    .concat([[japanese ? 'kana' : 'han', of('kana') + of('han')]])
    .sort((a, b) => b[1] - a[1]);
  const first = folded[0];
  return first === undefined ? undefined : { script: first[0], share: first[1] / total };
};

/** Share of stop words of each known language among the words of a text. */
const stopWordShares = (words: readonly string[]): ReadonlyMap<string, number> =>
  new Map(
    Object.entries(STOP_WORDS).map(([language, known]) => [
      language,
      words.filter((word) => known.has(word)).length / words.length,
    ]),
  );

/**
 * What a text is evidently written in, where that is not `expected`; undefined where it fits or cannot be told. A text
 * in two languages fits both. `declared` (what the page says of itself) only tips a close call: pages carry wrong
 * declarations for years.
 */
export const otherLanguage = (
  text: string,
  expected: string,
  declared?: string,
): { readonly language: string; readonly share: number } | undefined => {
  if (expected === 'any') return undefined;
  const sample = sampleOf(text);
  const script = scriptOf(sample);
  if (script === undefined) return undefined;
  const wanted = SCRIPT_OF[expected] ?? 'latin';
  if (script.script !== wanted) {
    if (script.share < 0.6) return undefined;
    const language = Object.entries(SCRIPT_OF).find(([, name]) => name === script.script)?.[0];
    if (language !== undefined) return { language, share: script.share };
    // Latin where another script belongs: terms of Asian providers hold a lot of it, so only nearly nothing else counts.
    if (script.share < 0.9) return undefined;
  }

  const words = sample.toLowerCase().match(/\p{L}+/gu) ?? [];
  if (words.length < MIN_WORDS) return undefined;
  const shares = stopWordShares(words);
  const own = shares.get(expected) ?? 0;
  const [language, best] = [...shares].reduce((top, one) => (one[1] > top[1] ? one : top));
  if (language === expected) return undefined;
  const short = words.length < ENOUGH_WORDS;
  const margin = declared === expected ? 2.5 : declared === language ? 1.4 : 1.8;
  // A language without a row here can only be told from one that is very clearly another.
  const enough = STOP_WORDS[expected] === undefined && script.script === wanted ? 0.32 : short ? 0.25 : 0.16;
  return best >= enough && best > own * margin + (short ? 0.06 : 0) ? { language, share: best } : undefined;
};
