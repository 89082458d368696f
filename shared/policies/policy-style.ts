import { Html } from '../approvals/html.ts';

/** What the policy pages need beyond the common style sheet. */
export const POLICY_STYLE = new Html(`
.age{display:inline-flex;flex-wrap:wrap;gap:3px 10px;align-items:center;font-weight:400}
meter{width:92px;height:12px}
ins{background:var(--ok-bg);color:var(--go);text-decoration:none;border-radius:3px;padding:0 2px;box-decoration-break:clone;-webkit-box-decoration-break:clone}
del{background:var(--stop-bg);color:var(--stop);border-radius:3px;padding:0 2px;box-decoration-break:clone;-webkit-box-decoration-break:clone}
.diff blockquote{line-height:1.65;margin:4px 0 0}
.diff blockquote bdi.raw{white-space:pre-wrap}
.diff ul.plain+ul.plain{margin-top:12px;padding-top:12px;border-top:1px solid var(--line)}
.diff ul.plain>li>p.small{margin:0}
.diff .tags{margin:8px 0}
.reasons>li>strong{display:block}
.extract{max-height:60vh;overflow:auto}
.check{display:flex;gap:10px;align-items:flex-start;font-weight:400;margin:14px 0 0}
.check input{margin:5px 0 0;flex:none;width:17px;height:17px;accent-color:var(--go)}
.wide{width:100%;margin-top:16px}
.crumb{font-size:14px;margin:0 0 4px}
.log>li{padding:9px 0}.log .tag{font-size:13px}
.log details{margin-top:4px}
`);
