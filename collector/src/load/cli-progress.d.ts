// cli-progress ships no types; these are the few that the progress bar needs.
declare module 'cli-progress' {
  export interface BarOptions {
    readonly format: string;
    readonly stream: NodeJS.WritableStream;
    readonly hideCursor: boolean;
    readonly barCompleteChar: string;
    readonly barIncompleteChar: string;
    readonly fps: number;
  }
  export class SingleBar {
    constructor(options: BarOptions);
    start(total: number, current: number, payload: Readonly<Record<string, string>>): void;
    update(current: number, payload: Readonly<Record<string, string>>): void;
    stop(): void;
  }
  const cliProgress: { SingleBar: typeof SingleBar };
  export default cliProgress;
}
