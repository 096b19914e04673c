import { homedir } from 'node:os';
import { join } from 'node:path';

/** Where cargo puts what it compiles: outside of the repository and kept between runs, because the first build takes minutes and those after it seconds. */
export const cargoTarget = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'throughline', 'cargo-target');
