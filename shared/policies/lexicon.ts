/**
 * Words that carry rules. Matched on norms: lower case, quotes and dashes folded. Used for severity, and to keep rules
 * from being learned away as moving numbers or passed as date lines.
 */
interface Term {
  readonly name: string;
  readonly weight: 'prohibition' | 'permission' | 'duty' | 'enforcement' | 'condition';
  /** Alternatives of a regular expression, without capturing groups. */
  readonly words: string;
}

const term = (name: string, weight: Term['weight'], words: string): Term => ({ name, weight, words });

/** In order: where two begin at the same word, the first one takes it. */
export const TERMS: readonly Term[] = [
  term('must not', 'prohibition', "must not|mustn't|must never"),
  term('may not', 'prohibition', 'may not|may never|may no longer'),
  term('cannot', 'prohibition', "can not|cannot|can't|can never|can no longer"),
  term('shall not', 'prohibition', "shall not|shan't|will not|won't"),
  term('should not', 'prohibition', "should not|shouldn't"),
  term('do not', 'prohibition', "do not|don't|never|does not|doesn't"),
  term(
    'not allowed',
    'prohibition',
    "(?:not|no longer|never|isn't|aren't)(?: be| been)? (?:allowed|permitted|accepted|eligible|acceptable)|disallow(?:ed|s)?|ineligible|unacceptable",
  ),
  term(
    'prohibited',
    'prohibition',
    'prohibit(?:s|ed|ing|ion|ions)?|forbid(?:s|den)?|ban(?:s|ned)?|restricted|against (?:our|the) (?:policy|policies|rules|guidelines)|violat(?:e|es|ed|ing|ion|ions)',
  ),
  term('must', 'duty', 'must|shall|have to|has to|need to|needs to|ha(?:ve|s) to'),
  term('required', 'duty', 'required?s?|requirements?|mandatory|obligat(?:ed|ion|ions|ory)|oblige[ds]?'),
  term('should', 'duty', 'should|ought to|expected to'),
  term(
    'disclose',
    'duty',
    'disclos(?:e|es|ed|ing|ure|ures)|label(?:s|ed|led|ing|ling)?|declar(?:e|es|ed|ing)|attribut(?:e|es|ed|ion)',
  ),
  term(
    'agree',
    'duty',
    'agree(?:s|d)? to|consent(?:s|ed)?|warrant(?:s|y|ies)?|indemnif(?:y|ies|ied|ication)',
  ),
  term(
    'allowed',
    'permission',
    'allow(?:s|ed|ing)?|permit(?:s|ted|ting)?|permission|eligible|accepted|acceptable|welcome',
  ),
  term('may', 'permission', 'may|can'),
  term(
    'suspend',
    'enforcement',
    'suspen(?:d|ds|ded|ding|sion|sions)|terminat(?:e|es|ed|ing|ion|ions)|deactivat(?:e|es|ed|ion)|disabl(?:e|es|ed|ing)|block(?:s|ed|ing)?|revok(?:e|es|ed|ing)|clos(?:e|ed) your account',
  ),
  term(
    'demonetize',
    'enforcement',
    'demoneti[sz](?:e|es|ed|ing|ation)|withh(?:o|e)ld(?:s|ing)?|strikes?|penalt(?:y|ies)|fin(?:e|es|ed)|remov(?:e|es|ed|al|ing)|tak(?:e|en) down|reject(?:s|ed|ion)?|limit(?:s|ed|ation|ations)?',
  ),
  term(
    'only if',
    'condition',
    'only if|only when|only where|only after|unless|except(?:ion|ions)?|provided that|subject to|as long as|only',
  ),
  term(
    'limit',
    'condition',
    'up to|at least|at most|no more than|less than|more than|maximum|minimum|within|until|before|after|deadline|age|years? old',
  ),
];

/** What kind of word a term is; undefined for what is none. */
export const weightOf = (name: string): Term['weight'] | undefined =>
  TERMS.find((one) => one.name === name)?.weight;

/** Whole words. The form for plain ASCII is several times as fast, and norms mostly are. */
const whole = (words: string) => ({
  ascii: new RegExp(`\\b(?:${words})\\b`, 'g'),
  unicode: new RegExp(`(?<![\\p{L}\\p{N}])(?:${words})(?![\\p{L}\\p{N}])`, 'gu'),
});
const isAscii = (text: string): boolean => !/[^\0-\x7f]/.test(text);
const matchesOf = ({ ascii, unicode }: ReturnType<typeof whole>, text: string) =>
  text.matchAll(isAscii(text) ? ascii : unicode);

const ALL_TERMS = whole(TERMS.map(({ words }) => `(${words})`).join('|'));
/** One of the words that carry rules is in it. */
export const holdsRule = (norm: string): boolean => !matchesOf(ALL_TERMS, norm).next().done;

/** Money, percents and numbers of sections or of days: never noise. */
export const MONEY =
  /[$€£¥₹]\s?\d[\d.,]*|\b\d[\d.,]*\s?(?:usd|eur|gbp|cad|aud|jpy|inr|dollars?|euros?|pounds?|cents?)\b|\b(?:usd|eur|gbp|cad|aud|jpy|inr)\s?\d[\d.,]*/gu;
export const PERCENT = /\d[\d.,]*\s?(?:%|percent\b|per cent\b|basis points?\b)/gu;
export const LEGAL_NUMBER =
  /§|\b(?:section|sec\.|article|art\.|clause|paragraph|para\.|chapter|rule|title|part|annex|appendix|u\.s\.c\.)\s*\d|^\d+(?:\.\d+)+\b/u;
export const PERIOD =
  /\b\d+\s*(?:-\s*)?(?:seconds?|minutes?|hours?|(?:calendar |business |working )?days?|weeks?|months?|years?)\b/u;

const NEGATIONS = whole(
  "not|no|never|cannot|without|none|neither|nor|longer|unless|except|only|un|non|[a-z]+n't",
);
/** Words that turn a rule round, as often as they occur. */
export const negationsOf = (norm: string): string[] => [...matchesOf(NEGATIONS, norm)].map(([word]) => word);

/** Topics that an operator of content, shops and trades has to hear of. */
export const TOPICS: readonly { readonly tag: string; readonly words: string }[] = [
  {
    tag: 'ai',
    words: 'ai|a\\.i\\.|artificial intelligence|machine learning|generative|chatbots?|ai-generated|llms?',
  },
  {
    tag: 'synthetic',
    words:
      'synthetic|deepfakes?|altered content|digitally (?:altered|generated)|automated|mass[- ]produced|inauthentic|repetitive|repetitious',
  },
  {
    tag: 'disclosure',
    words: 'disclos\\w*|label(?:s|ed|led|ing|ling)?|transparen\\w*|sponsor\\w*|paid promotion',
  },
  {
    tag: 'monetization',
    words: 'moneti[sz]\\w*|demoneti[sz]\\w*|advertis\\w*|ads?|revenue|payouts?|earnings?|partner program',
  },
  {
    tag: 'handmade',
    words: 'handmade|hand-made|handcrafted|creativity|crafted|resell\\w*|dropship\\w*|print[- ]on[- ]demand',
  },
  {
    tag: 'ip',
    words:
      'copyright\\w*|trademarks?|intellectual property|infring\\w*|counterfeit\\w*|patents?|licen[cs]\\w*|dmca|likeness|impersonat\\w*',
  },
  {
    tag: 'finance',
    words:
      'financ\\w*|invest\\w*|trad(?:e|es|ing|er|ers)|securit(?:y|ies)|margin|brokerage|commissions?|fees?|crypto\\w*|tax(?:es)?',
  },
  { tag: 'privacy', words: 'privacy|personal (?:data|information)|gdpr|ccpa|biometric\\w*' },
  {
    tag: 'prohibited-items',
    words: 'weapons?|firearms?|drugs?|alcohol|tobacco|hazardous|adult|mature|hate|violen\\w*|recall\\w*',
  },
  { tag: 'spam', words: 'spam\\w*|scams?|misleading|deceptive|fraud\\w*' },
  { tag: 'account', words: 'suspen\\w*|terminat\\w*|deactivat\\w*|strikes?|appeal\\w*' },
];
const ALL_TOPICS = whole(TOPICS.map(({ words }) => `(${words})`).join('|'));

const captured = (match: RegExpExecArray): number =>
  match.findIndex((group, index) => index > 0 && group !== undefined) - 1;

/** Adds the tags of what a norm is about. */
export const noteTopics = (norm: string, tags: Set<string>): void => {
  if (tags.size === TOPICS.length) return;
  for (const match of matchesOf(ALL_TOPICS, norm))
    tags.add((TOPICS[captured(match)] as (typeof TOPICS)[number]).tag);
};

const MAY_MONTH = /\bmay(?=\s+\d{1,4}\b)|(?<=\d(?:st|nd|rd|th)?\s)may(?=,?\s+\d{4})/gu;

/** The terms in a norm, each as often as it occurs, in order. */
export const termsOf = (norm: string): string[] =>
  [...matchesOf(ALL_TERMS, norm.includes('may') ? norm.replaceAll(MAY_MONTH, ' ') : norm)].map(
    (match) => (TERMS[captured(match)] as Term).name,
  );
