// Apache Kafka as jars from Maven Central, fetched by mvn once and kept in the user's cache: there
// is no package of it elsewhere that a script could install.
import { execFile, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { cacheDirectory } from '../cache.js';

/** 4.4.0 names an artifact that Maven Central does not have. */
export const KAFKA_VERSION = '4.3.1';
const SCALA_VERSION = '2.13';
/** The binding for slf4j 1.7, which this Kafka logs through. */
const LOG4J_VERSION = '2.25.4';
/** The broker's classes are compiled for it. */
const JAVA_MAJOR_MIN = 17;
const MVN_TIMEOUT_MS = 300_000;

const run = promisify(execFile);

/** Why no broker can be started here, with the command that changes it; null when one can. */
export function whatBrokerLacks(): string | null {
  const java = javaMajor();
  if (java < JAVA_MAJOR_MIN) {
    const found = java === 0 ? 'there is none' : `this is ${java}`;
    return `a Kafka broker needs Java ${JAVA_MAJOR_MIN} or later, ${found}: apt-get install default-jre-headless`;
  }
  if (existsSync(jarsDirectory())) return null;
  if (spawnSync('mvn', ['-v'], { stdio: 'ignore' }).status === 0) return null;
  return "Kafka's jars come from Maven Central by mvn, which is missing: apt-get install maven";
}

function javaMajor(): number {
  const { stderr } = spawnSync('java', ['-version'], { encoding: 'utf8' });
  return Number(/version "(\d+)/.exec(stderr ?? '')?.[1] ?? 0);
}

const jarsDirectory = (): string => join(cacheDirectory(), `kafka-${KAFKA_VERSION}`);

let fetching: Promise<string> | null = null;

/** The folder of the jars, 44 MB; fetches them when they are not there yet. */
export function kafkaJars(): Promise<string> {
  if (existsSync(jarsDirectory())) return Promise.resolve(jarsDirectory());
  fetching ??= fetchJars().finally(() => {
    fetching = null;
  });
  return fetching;
}

async function fetchJars(): Promise<string> {
  const target = jarsDirectory();
  // Another process may do the same: whole folders are renamed into place, the first one stays.
  const draft = `${target}.${process.pid}`;
  rmSync(draft, { recursive: true, force: true });
  mkdirSync(draft, { recursive: true });
  try {
    const pom = join(draft, 'pom.xml');
    writeFileSync(pom, pomText());
    await run(
      'mvn',
      [
        // Wrong checksums end it.
        ...['-q', '-B', '-C', '-f', pom, 'dependency:copy-dependencies'],
        ...['-DincludeScope=runtime', `-DoutputDirectory=${draft}`],
      ],
      { timeout: MVN_TIMEOUT_MS },
    );
    if (!readdirSync(draft).includes(`kafka_${SCALA_VERSION}-${KAFKA_VERSION}.jar`))
      throw new Error(`mvn brought no broker into ${draft}`);
    renameSync(draft, target);
  } catch (error) {
    rmSync(draft, { recursive: true, force: true });
    if (!existsSync(target)) throw error;
  }
  return target;
}

function pomText(): string {
  const dependency = (group: string, artifact: string, version: string): string =>
    `<dependency><groupId>${group}</groupId><artifactId>${artifact}</artifactId>` +
    `<version>${version}</version></dependency>`;
  return [
    '<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>',
    '<groupId>weir.test</groupId><artifactId>kafka-broker</artifactId><version>1</version>',
    '<packaging>pom</packaging><dependencies>',
    dependency('org.apache.kafka', `kafka_${SCALA_VERSION}`, KAFKA_VERSION),
    dependency('org.apache.logging.log4j', 'log4j-slf4j-impl', LOG4J_VERSION),
    '</dependencies></project>',
  ].join('\n');
}
