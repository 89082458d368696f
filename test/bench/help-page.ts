/** Deterministic numbers in 0..1. */
const numbers = (seed: number) => (): number => {
  seed = (Math.imul(seed, 1_103_515_245) + 12_345) & 0x7f_ff_ff_ff;
  return seed / 0x7f_ff_ff_ff;
};

const WORDS =
  'you may not post content that is spam or deceptive practices creators must disclose synthetic media prohibited allowed channel account video link policy review warning strike monetization'.split(
    ' ',
  );

/**
 * A help page of about 1.6 MB as large sites serve them: a third style sheets and inline data, a third navigation and
 * widgets, and a policy of sixty sections in the middle.
 * @param edited one word of the policy is another one
 */
export const helpPage = (edited: boolean): string => {
  const next = numbers(1);
  const sentence = (words: number): string =>
    `${Array.from({ length: words }, () => WORDS[Math.floor(next() * WORDS.length)]).join(' ')}.`;
  const times = (count: number, make: (index: number) => string): string =>
    Array.from({ length: count }, (_, index) => make(index)).join('');
  const parts = [
    '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Spam policy - Help</title><style>',
    times(6_000, (index) => `.c${index}{color:#${index};margin:0}\n`),
    '</style><script nonce="n">window.data=',
    JSON.stringify(Array.from({ length: 9_000 }, (_, id) => ({ id, text: sentence(6), weight: next() }))),
    '</script></head><body><nav>',
    times(
      2_500,
      (index) =>
        `<div class="n${index}"><a href="/help/answer/${index}?hl=en&amp;ref_topic=${index}" data-x="${next()}"><span class="t">${sentence(5)}</span></a></div>`,
    ),
    '</nav><main><article class="article"><h1>Spam</h1>',
    times(
      60,
      (section) =>
        `<h2 id="s${section}">Section ${section}</h2><p>${sentence(30)} <b>${sentence(5)}</b> <a href="/help/answer/${section}">more</a></p><ul>${times(6, () => `<li>${sentence(14)}</li>`)}</ul>`,
    ),
    `<p>Channels are ${edited ? 'closed' : 'warned'} first.</p><table>`,
    times(40, () => `<tr><td>${sentence(4)}</td><td>${sentence(9)}</td></tr>`),
    '</table></article></main>',
  ];
  let length = parts.reduce((sum, part) => sum + part.length, 0);
  while (length < 1_600_000) {
    const widget = `<div class="w"><div><span>${sentence(6)}</span></div></div>`;
    parts.push(widget);
    length += widget.length;
  }
  return `${parts.join('')}</body></html>`;
};
