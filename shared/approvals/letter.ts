import { Html, html } from './html.ts';

const STYLE = new Html(`
:root{color-scheme:light dark;supported-color-schemes:light dark}
@media (prefers-color-scheme:dark){
.bg{background:#12161b !important}.card{background:#1b2128 !important;border-color:#323b45 !important}
.ink{color:#e8ecf0 !important}.dim{color:#a3afbb !important}.btn{background:#5fd0b4 !important;color:#06231c !important}
}`);
const FONT = "font-family:-apple-system,BlinkMacSystemFont,'Segoe UI',Roboto,Helvetica,Arial,sans-serif";

/**
 * The HTML of a mail that tells something and links one page of ours. Everything is escaped; who calls it shows hidden
 * characters and breaks addresses in text that others wrote (`visibleMailLine`).
 */
export const letter = (
  heading: string,
  paragraphs: readonly string[],
  link: { readonly href: string; readonly text: string },
  footer: string,
): string =>
  html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>${heading}</title>
        <style>
          ${STYLE}
        </style>
      </head>
      <body class="bg" style="margin:0;padding:24px 12px;background:#eef1f4;${FONT}">
        <div
          class="card"
          style="max-width:560px;margin:0 auto;background:#ffffff;border:1px solid #d9dfe5;border-radius:10px;padding:28px 28px 24px"
        >
          <h1
            class="ink"
            style="margin:0 0 16px;font-size:22px;line-height:30px;font-weight:650;color:#17202a;word-break:break-word"
          >
            ${heading}
          </h1>
          ${paragraphs.map(
            (text) =>
              html`<p
                class="ink"
                style="margin:0 0 12px;font-size:15px;line-height:22px;color:#17202a;word-break:break-word"
              >
                ${text}
              </p>`,
          )}
          <p style="margin:20px 0 6px">
            <a
              class="btn"
              href="${link.href}"
              style="display:inline-block;background:#0b6b57;color:#ffffff;font-size:16px;line-height:22px;font-weight:600;text-decoration:none;padding:12px 22px;border-radius:8px"
              >${link.text}</a
            >
          </p>
          <p class="dim" style="margin:14px 0 0;font-size:13px;line-height:20px;color:#5b6875">${footer}</p>
        </div>
      </body>
    </html>`.text;
