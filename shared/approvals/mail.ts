import { costWords } from '../actions/cost-words.ts';
import type { DryRun } from '../actions/dry-run.ts';
import type { Approval } from './approval.ts';
import { Html, html } from './html.ts';
import { shorten, visibleLine, visibleMailLine } from './untrusted.ts';
import {
  EFFECT_WORDS,
  REVERSIBILITY_WORDS,
  shortHash,
  proposerWords,
  TIER_WORDS,
  utcWords,
} from './words.ts';

export interface Mail {
  /** One line. */
  readonly subject: string;
  readonly text: string;
  readonly html: string;
}

export interface MailFacts {
  readonly approval: Approval;
  readonly dryRun: DryRun;
  readonly recipientName: string;
  /** The one link. It says nothing about the choice; opening it changes nothing. */
  readonly link: string;
}

const STYLE = new Html(`
:root{color-scheme:light dark;supported-color-schemes:light dark}
@media (prefers-color-scheme:dark){
.bg{background:#12161b !important}.card{background:#1b2128 !important;border-color:#323b45 !important}
.ink{color:#e8ecf0 !important}.dim{color:#a3afbb !important}.line{border-color:#323b45 !important}
.well{background:#141a20 !important;border-color:#323b45 !important}
.warn{color:#ffb59f !important}.btn{background:#5fd0b4 !important;color:#06231c !important}
}`);

const FONT = "font-family:-apple-system,BlinkMacSystemFont,'Segoe UI',Roboto,Helvetica,Arial,sans-serif";
const MONO = 'font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,monospace';

const fact = (label: string, value: string, mono = false): Html =>
  html` <div class="line" style="padding:10px 0;border-top:1px solid #e4e8ec">
    <div class="dim" style="font-size:13px;line-height:18px;color:#5b6875">${label}</div>
    <div
      class="ink"
      style="font-size:15px;line-height:22px;color:#17202a;word-break:break-word;${mono ? MONO : ''}"
    >
      ${value}
    </div>
  </div>`;

const effectLines = (
  dryRun: DryRun,
): readonly { readonly head: string; readonly tail: string; readonly final: boolean }[] =>
  dryRun.effects.map((effect) => ({
    head: `${EFFECT_WORDS[effect.type]}: ${visibleMailLine(effect.target)}`,
    tail: `${REVERSIBILITY_WORDS[effect.reversibility]} · ${costWords(effect.cost)}`,
    final: effect.reversibility === 'irreversible',
  }));

const UNTRUSTED =
  'The title and the targets come from the proposal of an agent. Believe the request on the page, not the wording.';
const HARMLESS =
  'Opening the link decides nothing. You sign in, see the exact request, and choose there. If you forward this mail, the link gives nobody else your rights.';

/**
 * The mail that asks for a decision. Readable without images, styles or HTML; holds one neutral link; everything
 * an agent wrote is escaped, cut to size and shows its hidden characters.
 */
export const approvalMail = ({ approval, dryRun, recipientName, link }: MailFacts): Mail => {
  const title = visibleMailLine(shorten(approval.title, 160));
  const effects = effectLines(dryRun);
  const expires = utcWords(approval.expiresAt);
  const facts: readonly (readonly [string, string, boolean?])[] = [
    ['Project', approval.project],
    ['Operation', approval.operation],
    ['Proposed by', visibleMailLine(proposerWords(approval))],
    ['Risk', `${TIER_WORDS[approval.tier]} (score ${approval.riskScore})`],
    ['Expires', expires],
    ['Request hash (SHA-256)', shortHash(approval.requestHash), true],
  ];
  const text = `Hello ${visibleLine(recipientName)},

an action waits for a decision:

  ${title}

What it will do
${effects.map(({ head, tail }) => `  - ${head}\n    ${tail}`).join('\n')}

${facts.map(([label, value]) => `${label}: ${value}`).join('\n')}

See the exact request and decide:
${link}

${HARMLESS}

${UNTRUSTED}
Without a decision by ${expires} it expires and nothing happens.

Autopack
`;
  const page = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta name="supported-color-schemes" content="light dark" />
        <title>Decision needed</title>
        <style>
          ${STYLE}
        </style>
      </head>
      <body class="bg" style="margin:0;padding:0;background:#eef1f4">
        <div class="bg" style="background:#eef1f4;padding:24px 12px;${FONT}">
          <div
            class="card"
            style="max-width:560px;margin:0 auto;background:#ffffff;border:1px solid #d9dfe5;border-radius:10px;padding:28px 28px 24px"
          >
            <div class="dim" style="font-size:13px;line-height:18px;color:#5b6875">
              Autopack · decision needed from ${recipientName}
            </div>
            <h1
              class="ink"
              style="margin:8px 0 18px;font-size:22px;line-height:30px;font-weight:650;color:#17202a;word-break:break-word"
            >
              ${title}
            </h1>
            <div
              class="well"
              style="background:#f5f7f9;border:1px solid #e4e8ec;border-radius:8px;padding:4px 16px 12px;margin:0 0 18px"
            >
              <h2
                class="dim"
                style="margin:12px 0 0;font-size:13px;line-height:18px;font-weight:600;color:#5b6875"
              >
                What it will do
              </h2>
              ${effects.map(
                ({ head, tail, final }) =>
                  html` <div style="padding-top:8px">
                    <div
                      class="ink"
                      style="font-size:15px;line-height:22px;color:#17202a;word-break:break-word"
                    >
                      ${head}
                    </div>
                    <div
                      class="${final ? 'warn' : 'dim'}"
                      style="font-size:14px;line-height:20px;color:${final ? '#a3341a' : '#5b6875'}"
                    >
                      ${tail}
                    </div>
                  </div>`,
              )}
            </div>
            ${facts.map(([label, value, mono]) => fact(label, value, mono))}
            <div style="padding:22px 0 6px">
              <a
                class="btn"
                href="${link}"
                style="display:inline-block;background:#0b6b57;color:#ffffff;font-size:16px;line-height:22px;font-weight:600;text-decoration:none;padding:12px 22px;border-radius:8px"
                >See the request and decide</a
              >
            </div>
            <p class="dim" style="margin:14px 0 0;font-size:13px;line-height:20px;color:#5b6875">
              ${HARMLESS}
            </p>
            <p class="dim" style="margin:10px 0 0;font-size:13px;line-height:20px;color:#5b6875">
              ${UNTRUSTED} Without a decision by ${expires} it expires and nothing happens.
            </p>
          </div>
        </div>
      </body>
    </html> `;
  return { subject: `Decision needed: ${shorten(title, 90)} (${approval.project})`, text, html: page.text };
};
