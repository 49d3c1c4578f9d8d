/** File servers, by the type that statfs(2) tells. */
const networkFileSystems: Readonly<Record<number, string>> = {
  0x6969: 'NFS',
  0xff534d42: 'CIFS',
  0xfe534d42: 'SMB2',
  0x517b: 'SMB',
};

/** Longer than a client may tell an old size and time: `acregmax` of nfs(5), `actimeo` of mount.cifs(8) are a minute. */
export const networkQuietSeconds = 61;

/** The file server that is mounted there. Pure. */
export const fileServer = (type: number): string | undefined =>
  // The kernel's number is signed on some machines.
  networkFileSystems[type >>> 0];

/**
 * How long a file has to be quiet there. Pure.
 *
 * @param quietSeconds as configured. 0 stays 0: it says that files get their names when they are complete
 */
export const quietSecondsOn = (type: number, quietSeconds: number): number =>
  fileServer(type) === undefined || quietSeconds === 0
    ? quietSeconds
    : Math.max(quietSeconds, networkQuietSeconds);
