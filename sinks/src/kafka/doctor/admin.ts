// What only the admin client can do: make topics, and say what this user may do.
// Not asked is describeGroups: the client (1.10.1) crashes where it is refused.
import type { AdminHandle, Binding, ClientConfig, ClientError } from '../client/binding.js';

const TIMEOUT_MS = 10_000;

/** Operations by number (AclOperation of Kafka), none where nobody tells; or an error. */
export type TopicRights =
  | { readonly operations: readonly number[] }
  | { readonly code: number; readonly message: string };

export class Admin {
  readonly #handle: AdminHandle;

  constructor(binding: Pick<Binding, 'AdminClient'>, config: ClientConfig) {
    this.#handle = binding.AdminClient.create(config);
  }

  /** Null when it was made. */
  createTopic(
    topic: string,
    partitions: number,
    replication: number,
    config: Readonly<Record<string, string>>,
  ): Promise<ClientError | null> {
    const wanted = { topic, num_partitions: partitions, replication_factor: replication, config };
    return new Promise((resolve) =>
      this.#handle.createTopic(wanted, TIMEOUT_MS, (error) => resolve(error ?? null)),
    );
  }

  mayDoWithTopic(topic: string): Promise<TopicRights> {
    return new Promise((resolve) =>
      this.#handle.describeTopics([topic], optionsOf(), (error, found) => {
        const refused = error ?? found?.[0]?.error;
        if (refused === null || refused === undefined)
          resolve({ operations: found?.[0]?.authorizedOperations ?? [] });
        else resolve({ code: refused.code, message: refused.message });
      }),
    );
  }

  close(): void {
    this.#handle.disconnect();
  }
}

/** The client writes into what it is given. */
const optionsOf = () => ({ timeout: TIMEOUT_MS, includeAuthorizedOperations: true });
