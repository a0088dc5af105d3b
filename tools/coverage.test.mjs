import t from 'tap';
import { byPackage, CORE_PACKAGES, shortfalls } from './coverage.mjs';

const summaryOf = (covered) =>
  Object.fromEntries([
    ['total', { lines: { covered: 0, total: 0 } }],
    ...CORE_PACKAGES.flatMap((name) => [
      [`/w/${name}/src/a.ts`, { lines: { covered, total: 100 } }],
      [`/w/${name}/src/b.ts`, { lines: { covered: 90, total: 100 } }],
    ]),
  ]);

t.test('lines add up by package, and other folders do not count', async (t) => {
  const totals = byPackage('/w', {
    ...summaryOf(50),
    '/w/bench/src/x.ts': { lines: { covered: 0, total: 9 } },
  });
  t.equal(totals.size, CORE_PACKAGES.length);
  t.same(totals.get('spool'), { covered: 140, total: 200 });
});

t.test('a package below the limit is named with its figure', async (t) => {
  t.match(shortfalls(byPackage('/w', summaryOf(50))), [/^pipeline: 70.0 % of lines covered/]);
  t.same(shortfalls(byPackage('/w', summaryOf(90))), []);
});

t.test('a package of which nothing was loaded is a shortfall', async (t) => {
  t.equal(shortfalls(byPackage('/w', {})).length, CORE_PACKAGES.length);
});
