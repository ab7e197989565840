/** Version of the command, equal to that of its package (a test holds them together). */
export const VERSION = '0.1.0';
