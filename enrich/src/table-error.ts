/** Why a file is no table; the message says where in the file, and what the limit is. */
export class TableError extends Error {}
