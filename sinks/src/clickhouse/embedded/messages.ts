import type { ErrorCode } from '@weir/pipeline';

/** What the child tells its parent, once. The parent sends the text `stop`. */
export type ChildMessage =
  | { readonly kind: 'ready'; readonly port: number }
  | {
      readonly kind: 'failed';
      readonly code: ErrorCode;
      readonly message: string;
      /** Of the system's error; empty or absent for none. */
      readonly systemCode?: string;
    };
