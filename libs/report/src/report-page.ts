// The page of a report for people: self-contained, light or dark as the reader's system is, no script, no address outside itself.
import { escapeHtml } from './plot-svg.ts';

const style = `
:root{color-scheme:light dark;--ink:#1d2330;--soft:#5b6475;--line:#dde1e8;--page:#fbfbfd;--card:#fff;--good:#1c7c54;--bad:#b3352c;--neutral:#8a6d1a;--a:#4263eb;--b:#e8590c;--c:#2b8a3e;--d:#868e96}
@media(prefers-color-scheme:dark){:root{--ink:#e8ebf2;--soft:#a2abbd;--line:#353c4a;--page:#171a21;--card:#1f242e;--good:#5fd3a1;--bad:#ff8d84;--neutral:#e6c35c;--a:#91a7ff;--b:#ffa94d;--c:#8ce99a;--d:#adb5bd}}
body{font:15px/1.55 system-ui,sans-serif;color:var(--ink);background:var(--page);margin:0 auto;padding:32px 24px 64px;max-width:980px}
h1{font-size:26px;margin:0 0 4px}h2{font-size:18px;margin:36px 0 10px}p{margin:6px 0}.soft,figcaption,.tick{color:var(--soft)}
.verdict{border-left:5px solid var(--neutral);background:var(--card);padding:14px 18px;border-radius:6px;margin:18px 0}.verdict.good{border-color:var(--good)}.verdict.bad{border-color:var(--bad)}.verdict strong{font-size:18px}
table{border-collapse:collapse;width:100%;background:var(--card);border-radius:6px;overflow:hidden}th,td{padding:7px 10px;border-bottom:1px solid var(--line);text-align:right;white-space:nowrap}th:first-child,td:first-child{text-align:left}th{font-weight:600;color:var(--soft);font-size:13px;white-space:normal}
.wide{overflow-x:auto}.better{color:var(--good);font-weight:600}.worse{color:var(--bad);font-weight:600}
figure{margin:14px 0}svg{width:100%;height:auto;background:var(--card);border-radius:6px}svg text{font:12px system-ui,sans-serif;fill:var(--ink)}svg .tick{fill:var(--soft);font-size:11px}
.grid{stroke:var(--line)}.zero{stroke:var(--soft);stroke-width:1.5}.whisker{stroke-width:3;stroke:var(--neutral)}.dot{fill:var(--neutral)}.whisker.good{stroke:var(--good)}.dot.good{fill:var(--good)}.whisker.bad{stroke:var(--bad)}.dot.bad{fill:var(--bad)}
.series{fill:none;stroke-width:2}.s0{stroke:var(--a)}.s1{stroke:var(--b)}.s2{stroke:var(--c)}.s3{stroke:var(--d)}svg text.legend{stroke:none;font-weight:600}text.s0{fill:var(--a)}text.s1{fill:var(--b)}text.s2{fill:var(--c)}text.s3{fill:var(--d)}
.pictures{display:grid;gap:6px;align-items:center}.pictures img{width:100%;image-rendering:auto;border-radius:4px;display:block}.pictures .head{font-weight:600;font-size:13px;color:var(--soft)}.pictures .about{font-size:12px;color:var(--soft);overflow-wrap:anywhere}
`;

/** A whole HTML page headed by the title. `body` is HTML: whoever makes it escapes what it quotes (`escapeHtml`). */
export const reportPage = (title: string, body: string): string =>
  `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escapeHtml(title)}</title><style>${style}</style></head><body>
<h1>${escapeHtml(title)}</h1>
${body}
</body></html>`;
