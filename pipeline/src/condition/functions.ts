// What conditions have beyond CEL's own functions, for closures and library alike:
//
//   cidr(address, "10.0.0.0/8")             true when the address lies in the network
//   cidr(address, ["10.0.0.0/8", "fd00::/8"])                  ... in one of them
//
// and `matches`, which CEL defines by RE2: patterns are compiled by a port of RE2, whose time grows
// with the length of the text alone, whatever the pattern. Networks and patterns stand in the
// expression itself, so that `weir validate` checks them.
import type { ASTNode, Environment } from '@marcbachmann/cel-js';
import { RE2JS } from 're2js';
import { contains, type IpNetwork, networkOf, readAddress } from '../address/address.js';
import { reasonOf } from '../system-reason.js';

/** A mistake in the expression; `node` is where. */
export class WrongArgument extends Error {
  readonly node: ASTNode;
  constructor(message: string, node: ASTNode) {
    super(message);
    this.node = node;
  }
}

const PATTERN_CHARACTERS_MAX = 1_000;
const address = new Uint8Array(16);

/** True, false, or undefined where the text is no address. */
export function isWithin(text: string, networks: readonly IpNetwork[]): boolean | undefined {
  const length = readAddress(text, address);
  if (length === 0) return undefined;
  for (const network of networks) if (contains(network, address, length)) return true;
  return false;
}

/** The networks of `cidr`; throws WrongArgument. */
export function networksOf(node: ASTNode): IpNetwork[] {
  const items = node.op === 'list' ? node.args : [node];
  if (items.length === 0) throw new WrongArgument('cidr takes at least one network', node);
  return items.map((item) => {
    if (item.op !== 'value' || typeof item.args !== 'string')
      throw new WrongArgument('cidr takes networks as they stand, such as "10.0.0.0/8"', item);
    const network = networkOf(item.args);
    if (network === null)
      throw new WrongArgument(`${JSON.stringify(item.args)} is no network or address`, item);
    if (!network.isExact)
      throw new WrongArgument(
        `${JSON.stringify(item.args)} has bits behind its prefix of ${network.prefixLength} bits`,
        item,
      );
    return network;
  });
}

/** Of a pattern in RE2's syntax; throws WrongArgument. */
export function matcherOf(node: ASTNode): (text: string) => boolean {
  if (node.op !== 'value' || typeof node.args !== 'string')
    throw new WrongArgument('matches takes a pattern that stands in the condition', node);
  const pattern = node.args;
  if (pattern.length > PATTERN_CHARACTERS_MAX)
    throw new WrongArgument(
      `pattern too long: ${pattern.length} characters, limit is ${PATTERN_CHARACTERS_MAX}`,
      node,
    );
  const known = matchers.get(pattern);
  if (known !== undefined) return known;
  try {
    const compiled = RE2JS.compile(pattern);
    const matcher = (text: string): boolean => compiled.test(text);
    if (matchers.size >= MATCHERS_MAX) matchers.clear();
    matchers.set(pattern, matcher);
    return matcher;
  } catch (error) {
    throw new WrongArgument(
      `${JSON.stringify(pattern)} is not a valid regular expression (RE2): ${reasonOf(error)}`,
      node,
    );
  }
}

const MATCHERS_MAX = 1_024;
const matchers = new Map<string, (text: string) => boolean>();

/** Name under which the library has our `matches`; its own backtracks. */
const RE2_METHOD = 'matchesRe2';

export function registerFunctions(environment: Environment): Environment {
  const within = (text: string, networks: readonly string[]): boolean => {
    const found = isWithin(
      text,
      networks.map((network) => networkOf(network) as IpNetwork),
    );
    if (found === undefined) throw new Error('no address');
    return found;
  };
  return environment
    .registerFunction('cidr(string, string): bool', (text: string, network: string) =>
      within(text, [network]),
    )
    .registerFunction('cidr(string, list<string>): bool', within)
    .registerFunction(`string.${RE2_METHOD}(string): bool`, (text: string, pattern: string) =>
      (matchers.get(pattern) ?? fallback(pattern))(text),
    );
}

function fallback(pattern: string): (text: string) => boolean {
  const compiled = RE2JS.compile(pattern);
  return (text) => compiled.test(text);
}

/** Checks the arguments of all `cidr` and `matches` of an expression; throws WrongArgument. */
export function checkFunctions(node: ASTNode): void {
  visit(node, (each) => {
    if (each.op === 'rcall' && each.args[0] === 'matches' && each.args[2].length === 1)
      matcherOf(each.args[2][0] as ASTNode);
    if (each.op === 'call' && each.args[0] === 'cidr' && each.args[1].length === 2)
      networksOf(each.args[1][1] as ASTNode);
  });
}

/** The expression for the library, with our `matches` in place of its own. */
export function withRe2(text: string, node: ASTNode): string {
  const places: number[] = [];
  visit(node, (each) => {
    if (each.op !== 'rcall' || each.args[0] !== 'matches') return;
    const [, receiver, [pattern]] = each.args;
    const end = pattern?.start ?? each.end;
    const at = text.slice(0, end).lastIndexOf('matches');
    if (at >= receiver.start) places.push(at);
  });
  let result = text;
  for (const at of places.sort((a, b) => b - a))
    result = `${result.slice(0, at)}${RE2_METHOD}${result.slice(at + 'matches'.length)}`;
  return result;
}

function visit(node: ASTNode, see: (node: ASTNode) => void): void {
  see(node);
  const parts: unknown = node.args;
  const walk = (part: unknown): void => {
    if (Array.isArray(part)) for (const inner of part) walk(inner);
    else if (typeof part === 'object' && part !== null && 'op' in part) visit(part as ASTNode, see);
  };
  walk(parts);
}
