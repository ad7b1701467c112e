/** The only resource of the page, which loads no script, font or image. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --ground: #ffffff; --raised: #f4f6f8; --text: #17202a; --faint: #52606d; --line: #d3dae1;
  --link: #0b5cad; --get: #0a6640; --post: #0b5cad; --put: #7a4b00; --delete: #a61b1b;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #12171c; --raised: #1b232b; --text: #e6ebf0; --faint: #a3b0bc; --line: #36424d;
    --link: #7db8f0; --get: #6fd3a3; --post: #7db8f0; --put: #e8b668; --delete: #f29a9a;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--text); font: 16px/1.55 system-ui, sans-serif; }
a { color: var(--link); }
:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; }
.skip { position: absolute; left: -999px; }
.skip:focus { left: 1rem; top: 1rem; background: var(--ground); padding: .5rem 1rem; }
.page { display: grid; grid-template-columns: minmax(0, 1fr); max-width: 84rem; margin: 0 auto; padding: 0 1rem 4rem; }
nav ul { list-style: none; margin: 0 0 1rem; padding: 0; }
nav li a { display: grid; grid-template-columns: 4.6rem minmax(0, 1fr); padding: .15rem 0; min-height: 24px; text-decoration: none; }
nav li a:hover, nav li a:focus-visible { text-decoration: underline; }
@media (min-width: 64rem) {
  .page { grid-template-columns: 22rem minmax(0, 1fr); column-gap: 3rem; padding: 0 2rem 4rem; }
  header { grid-column: 1 / -1; }
  nav { position: sticky; top: 0; max-height: 100vh; overflow-y: auto; padding: 1.5rem 0; font-size: .9rem; }
}
h1 { font-size: 2rem; line-height: 1.2; margin: 2rem 0 .5rem; }
h2 { font-size: 1.5rem; margin: 2.5rem 0 .75rem; border-bottom: 1px solid var(--line); padding-bottom: .3rem; }
h3 { font-size: 1.2rem; margin: 2rem 0 .5rem; }
h4 { font-size: 1.1rem; margin: 0 0 .3rem; }
h5 { font-size: .95rem; margin: 1rem 0 .3rem; }
nav h2 { font-size: 1rem; margin: 1rem 0 .3rem; border: 0; padding: 0; }
p, ul, dl { margin: .4rem 0; }
article { margin: 1rem 0 1.5rem; padding: 1rem; background: var(--raised); border: 1px solid var(--line); border-radius: .5rem; }
article:target { border-color: var(--link); }
code { font: .92em ui-monospace, monospace; overflow-wrap: anywhere; }
.method { display: inline-block; min-width: 4.2em; font: 700 .85em ui-monospace, monospace; color: var(--text); }
.get { color: var(--get); } .post { color: var(--post); } .put { color: var(--put); } .delete { color: var(--delete); }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .35rem .75rem .35rem 0; border-bottom: 1px solid var(--line); }
thead th { font-size: .85rem; color: var(--faint); }
tbody th { font-weight: 400; white-space: nowrap; }
article > h3:first-child { margin-top: 0; }
@media (max-width: 40rem) {
  thead { position: absolute; left: -999px; }
  tr { display: block; padding: .35rem 0; border-bottom: 1px solid var(--line); }
  tbody th, td { display: block; padding: 0; border: 0; white-space: normal; }
  td { padding-left: 1rem; }
  td:empty { display: none; }
}
small { color: var(--faint); }
dl { display: grid; grid-template-columns: 3.5rem minmax(0, 1fr); }
dl.credentials { grid-template-columns: 8.5rem minmax(0, 1fr); }
dt { font-weight: 700; } dd { margin: 0; } dt, dd { padding: .3rem 0; border-top: 1px solid var(--line); }
dd p, dd ul { margin: 0; } dd ul { padding-left: 1.1rem; }
`;
