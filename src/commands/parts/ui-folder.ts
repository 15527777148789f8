// Where the built pages are.

import { join } from 'node:path';

export const uiFolder = join(import.meta.dirname, '../../../build/ui');
