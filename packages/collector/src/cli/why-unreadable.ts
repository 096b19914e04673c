const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EISDIR: 'it is a directory',
  ENOTDIR: 'a file is in its way',
  EACCES: 'this user may not read it',
  EPERM: 'this user may not read it',
};

/** Why a file could not be read, to follow "…cannot be read: ". What is not in the table keeps the system's own code. */
export function whyUnreadable(error: unknown): string {
  const { code } = error as { code?: string };
  return reasons[code ?? ''] ?? code ?? String(error);
}
