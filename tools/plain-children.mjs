// Loaded into every test process. tap gives its loader to each process that a test starts, however
// the environment was set, and that costs every one of them a tenth of a second and every collector
// with its workers a whole one. Nothing here wants what it records (which file loads which), so
// children start as they do for a user.
import processOnSpawn from 'process-on-spawn';

const LOADER = /"?--(?:import|loader|experimental-loader)=[^"\s]*@tapjs[^"\s]*"?/g;

/** NODE_OPTIONS without tap's loader. */
export const withoutLoader = (options) => options.replace(LOADER, '').trim();

// Behind the listener of tap, which puts the loader in.
processOnSpawn.addListener((child) => {
  const { NODE_OPTIONS: options = '', ...environment } = child.env;
  const plain = withoutLoader(options);
  child.env = plain === '' ? environment : { ...environment, NODE_OPTIONS: plain };
});
