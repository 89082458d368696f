import { Html } from './html.ts';

/** The one style sheet of every page. Light and dark, from 320 px up, readable without it. */
export const PAGE_STYLE = new Html(`
:root{color-scheme:light dark;
--bg:#f2f4f6;--card:#fff;--well:#f6f8fa;--ink:#17202a;--dim:#586573;--line:#dde3e8;--edge:#c8d0d8;
--go:#0b6b57;--go-ink:#fff;--stop:#a3341a;--stop-bg:#fdf1ee;--wait:#7a5600;--wait-bg:#fdf6e3;--ok-bg:#e9f6f1;--off-bg:#edf0f3;--focus:#1b66d2}
@media (prefers-color-scheme:dark){:root{
--bg:#12161b;--card:#1b2128;--well:#151b21;--ink:#e8ecf0;--dim:#a3afbb;--line:#2c353e;--edge:#46525e;
--go:#5fd0b4;--go-ink:#06231c;--stop:#ffac93;--stop-bg:#33211c;--wait:#f0cb74;--wait-bg:#2d2716;--ok-bg:#16302a;--off-bg:#262e36;--focus:#8ab8ff}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%}
body{margin:0;background:var(--bg);color:var(--ink);font:16px/1.5 -apple-system,BlinkMacSystemFont,'Segoe UI',Roboto,'Helvetica Neue',Arial,sans-serif}
a{color:inherit;text-underline-offset:3px}
:focus-visible{outline:3px solid var(--focus);outline-offset:2px;border-radius:4px}
.skip{position:absolute;left:-9999px}.skip:focus{left:12px;top:12px;background:var(--card);padding:8px 14px;z-index:1}
header.top{background:var(--card);border-bottom:1px solid var(--line)}
header.top>div{max-width:1080px;margin:0 auto;padding:10px 20px;display:flex;flex-wrap:wrap;gap:4px 18px;align-items:center}
.mark{font-weight:700;letter-spacing:-.01em;text-decoration:none;font-size:17px;padding:4px 0}
.who{margin-left:auto;color:var(--dim);font-size:14px;overflow-wrap:anywhere}
nav a{font-size:15px}nav a+a{margin-left:14px}
main{max-width:1080px;margin:0 auto;padding:28px 20px 64px}
main.narrow{max-width:560px;padding-top:9vh}
h1{font-size:1.65rem;line-height:1.25;letter-spacing:-.015em;margin:.35rem 0 .9rem;overflow-wrap:anywhere}
h2{font-size:1.05rem;line-height:1.35;margin:0 0 .7rem}
h3{font-size:.9rem;margin:1.1rem 0 .35rem;color:var(--dim);font-weight:600}
p{margin:.5rem 0}p,li,dd,.mono{overflow-wrap:anywhere}
.dim{color:var(--dim)}.small{font-size:14px}
.card{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:20px 22px;margin:0 0 16px}
.cols{display:grid;grid-template-columns:minmax(0,1fr) 330px;gap:20px;align-items:start}
.side{position:sticky;top:16px}
@media (max-width:860px){.cols{grid-template-columns:minmax(0,1fr);gap:0}.side{position:static}h1{font-size:1.4rem}main{padding:20px 14px 48px}.card{padding:16px}header.top>div{padding:10px 14px}}
.tags{display:flex;flex-wrap:wrap;gap:6px;font-size:13px}
.tag{border-radius:5px;padding:2px 9px;background:var(--off-bg);color:var(--ink);overflow-wrap:anywhere}
.tag.wait{background:var(--wait-bg);color:var(--wait)}.tag.ok{background:var(--ok-bg);color:var(--go)}.tag.stop{background:var(--stop-bg);color:var(--stop)}
dl{margin:0;display:grid;grid-template-columns:minmax(110px,auto) minmax(0,1fr);gap:7px 18px}
dt{color:var(--dim);font-size:14px;line-height:24px}dd{margin:0;overflow-wrap:anywhere}
@media (max-width:480px){dl{grid-template-columns:minmax(0,1fr);gap:0}dd{margin-bottom:8px}}
ul.plain{list-style:none;margin:0;padding:0}
ul.plain>li{padding:11px 0;border-top:1px solid var(--line)}ul.plain>li:first-child{border-top:0;padding-top:0}ul.plain>li:last-child{padding-bottom:0}
.final{color:var(--stop);font-weight:600}
code,pre,.mono{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace;font-size:13.5px}
.wire{background:var(--well);border:1px solid var(--line);border-radius:8px;padding:13px 15px;margin:0;white-space:pre-wrap;overflow-wrap:anywhere;line-height:1.6;unicode-bidi:plaintext;tab-size:4}
.method{font-weight:700}
bdi.raw{unicode-bidi:isolate}
.cp{background:var(--stop);color:var(--card);border-radius:3px;padding:0 4px;font:600 11px/1.5 ui-monospace,Menlo,Consolas,monospace;white-space:nowrap}
details{margin-top:12px}summary{cursor:pointer;font-size:14px;color:var(--dim);padding:3px 0}details[open] summary{margin-bottom:8px}
blockquote{margin:0;padding:2px 0 2px 16px;border-left:3px solid var(--edge);overflow-wrap:anywhere}
.note{border-radius:8px;padding:11px 14px;margin:0 0 14px;background:var(--off-bg);font-size:15px}
.note.wait{background:var(--wait-bg)}.note.ok{background:var(--ok-bg)}.note.stop{background:var(--stop-bg)}
.note p{margin:.2rem 0}.said{white-space:pre-wrap}
label{display:block;font-size:14px;font-weight:600;margin:0 0 6px}
textarea{width:100%;min-height:92px;font:inherit;color:inherit;background:var(--well);border:1px solid var(--edge);border-radius:8px;padding:9px 11px;resize:vertical}
.btn{display:inline-block;font:inherit;font-weight:600;line-height:1.4;padding:11px 20px;border-radius:8px;border:1px solid var(--edge);background:transparent;color:var(--ink);cursor:pointer;text-decoration:none;text-align:center}
.btn:hover{border-color:var(--ink)}
.btn.go{background:var(--go);border-color:var(--go);color:var(--go-ink)}.btn.go:hover{filter:brightness(1.08)}
.btn.stop{color:var(--stop);border-color:var(--stop)}
.btn.link{border:0;padding:4px 0;font-weight:400;font-size:15px;color:inherit;text-decoration:underline;text-underline-offset:3px}
.choice{display:grid;grid-template-columns:1fr 1fr;gap:12px;margin-top:16px}
.row{display:flex;flex-wrap:wrap;gap:4px 16px;align-items:baseline;justify-content:space-between}
.row a{font-weight:600;overflow-wrap:anywhere}
.code{margin-top:18px;padding-top:12px;border-top:1px solid var(--line);font-size:13px;color:var(--dim);overflow-wrap:anywhere}
`);
