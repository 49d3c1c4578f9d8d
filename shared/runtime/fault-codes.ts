/**
 * The one table of faults. Log lines, reason files, exit codes and the operators' pages are made from it.
 *
 * Class decides the consequence, wherever the fault is caught:
 * - transient: defer and try again with back-off;
 * - permanent: reject, trying again would give the same result;
 * - environment: stop taking in work, raise an alarm, resume when the cause is gone;
 * - bug: stop the process; the attempt counter of the file in hand has risen before.
 *
 * Codes are written into partners' reason files: a code, once published, is never renamed or given another meaning.
 */
export type FaultClass = 'transient' | 'permanent' | 'environment' | 'bug';

interface FaultRow {
  readonly class: FaultClass;
  /** What happened, for an operator. */
  readonly what: string;
  /** What to do about it. */
  readonly action: string;
}

export const faultCodes = {
  // Arrival
  EMPTY_FILE: {
    class: 'permanent',
    what: 'The file has no bytes.',
    action: 'Ask the sender for the file again.',
  },
  TOO_LARGE: {
    class: 'permanent',
    what: 'The file is larger than is allowed; it was not read.',
    action: 'Ask the sender to split it; if the limit is that of the inbox, maxFileMegabytes raises it.',
  },
  NOT_REGULAR: {
    class: 'permanent',
    what: 'The entry is a link, folder, pipe, socket or device, not a file; it was not opened.',
    action: 'Remove it, and ask the sender to drop plain files.',
  },
  BAD_NAME: {
    class: 'permanent',
    what: 'The file name has characters that are not allowed, or is not valid UTF-8.',
    action:
      'Ask the sender for a name of letters, digits, dot, underscore and hyphen, at most 200 characters.',
  },
  CHANGED_AFTER_CLAIM: {
    class: 'transient',
    what: 'The file was still being written after it had looked complete.',
    action: 'Nothing: it is tried again when it is quiet. If it repeats, raise quietSeconds of the inbox.',
  },
  DUPLICATE: {
    class: 'permanent',
    what: 'The same file was processed from this inbox before.',
    action:
      'Nothing, unless it was meant as a new file: then the sender has to make a new one, or enrol file reload loads it.',
  },
  MANIFEST_MISMATCH: {
    class: 'permanent',
    what: 'The file is not what the manifest beside it says, or the manifest cannot be read.',
    action: 'Ask the sender for the file and its manifest again; if it repeats, look for what alters files.',
  },
  CRASH_LOOP: {
    class: 'permanent',
    what: 'The process ended three times while it worked on this file.',
    action: 'Keep the file for the engineers; release it when the cause is mended.',
  },
  TOO_MANY_ATTEMPTS: {
    class: 'permanent',
    what: 'The file was deferred as often as is allowed.',
    action: 'Mend the cause named in the detail, then retry the file.',
  },
  LOST_BY_OPERATOR: {
    class: 'permanent',
    what: 'A claimed file was removed from work/ by hand.',
    action: 'Find out who removed it; drop the file again if it is still wanted.',
  },
  DISCARDED: {
    class: 'permanent',
    what: 'An operator has discarded the file: it is not wanted any more.',
    action: 'Nothing. The file was not deleted: enrol file retry tries it again.',
  },
  // OpenPGP
  NOT_ENCRYPTED: {
    class: 'permanent',
    what: 'The inbox takes only encrypted files, and this is not an OpenPGP message.',
    action: 'Ask the sender to encrypt it to our key, and check that nothing private was sent in plain.',
  },
  PGP_MALFORMED: {
    class: 'permanent',
    what: 'The OpenPGP message is damaged or cut off.',
    action: 'Ask the sender for the file again.',
  },
  PGP_INTEGRITY: {
    class: 'permanent',
    what: 'The message was altered or cut after it was encrypted.',
    action: 'Ask the sender for the file again; if it repeats, look for what alters files on the way.',
  },
  PGP_NO_INTEGRITY: {
    class: 'permanent',
    what: 'The message has no integrity protection.',
    action: 'Ask the sender to encrypt with a current OpenPGP program.',
  },
  PGP_NO_KEY: {
    class: 'permanent',
    what: 'The message is encrypted to a key that we do not have.',
    action: 'Give the sender our current public key: enrol keys export own.',
  },
  PGP_UNSIGNED: {
    class: 'permanent',
    what: 'The inbox demands a signature and the message has none.',
    action: 'Ask the sender to sign the files.',
  },
  PGP_SIGNATURE_FORBIDDEN: {
    class: 'permanent',
    what: 'The inbox takes only unsigned messages and this one is signed.',
    action: 'Set signature: required or optional for the inbox, if the sender is meant to sign.',
  },
  PGP_WRONG_SIGNER: {
    class: 'permanent',
    what: 'The message is signed by a party that may not send to this inbox.',
    action: 'Check who dropped the file; allow the party in signedBy of the inbox only if that is meant.',
  },
  PGP_UNKNOWN_SIGNER: {
    class: 'permanent',
    what: 'The message is signed with a key that is not in the key ring.',
    action:
      'If the partner has a new key, verify its fingerprint and import it: enrol keys import FILE --partner NAME.',
  },
  PGP_BAD_SIGNATURE: {
    class: 'permanent',
    what: 'The signature does not belong to the content.',
    action: 'Ask the sender for the file again, and look for what alters files on the way.',
  },
  PGP_KEY_EXPIRED: {
    class: 'permanent',
    what: 'A key that this file needs has expired.',
    action: 'Get the renewed key and import it.',
  },
  PGP_KEY_REVOKED: {
    class: 'permanent',
    what: 'A key that this file needs has been revoked.',
    action:
      "Get the partner's new key; ask why the old one was revoked before trusting anything signed with it.",
  },
  PGP_SIGNED_IN_FUTURE: {
    class: 'transient',
    what: 'The signature is dated in the future.',
    action:
      'Nothing if the clocks differ by a few minutes: it is tried again. Otherwise set the clocks right.',
  },
  PGP_SIGNED_FAR_AHEAD: {
    class: 'permanent',
    what: 'The signature is dated further in the future than clocks differ.',
    action: "Have the sender's clock set right, and ask for the file again.",
  },
  PGP_SIGNATURE_EXPIRED: {
    class: 'permanent',
    what: 'The signature itself carries an end date, which has passed.',
    action: 'Ask the sender for the file again, signed without an end date.',
  },
  PGP_TOO_MANY_RECIPIENTS: {
    class: 'permanent',
    what: 'The message is encrypted to more keys than any honest message.',
    action: 'Ask the sender what the file is, and to encrypt it to our key only.',
  },
  PGP_WEAK_ALGORITHM: {
    class: 'permanent',
    what: 'The message or its signature uses an algorithm that is no longer safe.',
    action: 'Ask the sender for SHA-256 or better and keys of at least 2048 bits.',
  },
  PGP_BOMB: {
    class: 'permanent',
    what: 'The message unpacks to more than is allowed.',
    action: 'Ask the sender what the file is; raise maxFileMegabytes only for files known to be honest.',
  },
  KEY_MISSING: {
    class: 'environment',
    what: 'A key that the configuration names is not in the key ring.',
    action: 'enrol keys generate for our own key, enrol keys import for a partner.',
  },
  KEYS_IN_DOUBT: {
    class: 'transient',
    what: 'The file would be refused because of a key, but the keys cannot be used as they lie on the disk.',
    action:
      'Mend the key file that the detail names: the file is tried again. enrol keys list shows the rest.',
  },
  KEY_UNREADABLE: {
    class: 'environment',
    what: 'A key or passphrase file cannot be read or is not what it should be.',
    action: 'Restore the file named in the detail.',
  },
  SECRET_EXPOSED: {
    class: 'environment',
    what: 'A private key or passphrase file can be read by others.',
    action:
      'chmod 600 on the file named in the detail; treat the secret as known to others if they could reach it.',
  },
  KEY_WRONG_PASSPHRASE: {
    class: 'environment',
    what: 'The passphrase does not unlock our private key.',
    action:
      'Put the right passphrase into the file that keys.passphraseFile names, or into the credential pgp-passphrase.',
  },
  // Content
  ENCODING: {
    class: 'permanent',
    what: 'The text is not valid UTF-8, nor in another encoding that it may declare.',
    action: 'Ask the sender to write UTF-8.',
  },
  CONTROL_CHAR: {
    class: 'permanent',
    what: 'The text has a control character other than tab and line ends.',
    action: 'Ask the sender for a correct file; often a program decoded the text wrongly on the way.',
  },
  CSV_MALFORMED: {
    class: 'permanent',
    what: 'The content is not a CSV file of the expected columns.',
    action: 'Correct the lines in the detail.',
  },
  XML_DTD: {
    class: 'permanent',
    what: 'The XML has a document type definition; it was not read further, and nothing that it names was fetched.',
    action: 'Treat the file as hostile until the sender explains it; ask for XML without DOCTYPE.',
  },
  XML_NOT_WELL_FORMED: {
    class: 'permanent',
    what: 'The content is not one well-formed XML document.',
    action: 'Ask the sender for a correct file.',
  },
  XML_TOO_DEEP: {
    class: 'permanent',
    what: 'The XML is nested deeper than any format of ours.',
    action: 'Ask the sender what the file is.',
  },
  JSON_MALFORMED: {
    class: 'permanent',
    what: 'The content is not one well-formed JSON document.',
    action: 'Ask the sender for a correct file.',
  },
  JSON_TOO_DEEP: {
    class: 'permanent',
    what: 'The JSON is nested deeper than any format of ours.',
    action: 'Ask the sender what the file is.',
  },
  FORBIDDEN_KEY: {
    class: 'permanent',
    what: 'The JSON has a property name that could change the program (__proto__, constructor).',
    action: 'Treat the file as hostile until the sender explains it.',
  },
  UNKNOWN_INTERFACE: {
    class: 'permanent',
    what: 'The document is of an interface that this inbox does not take.',
    action: 'Check interfaceCategory, interfaceType and version, and that the file went to the right folder.',
  },
  SCHEMA_VIOLATION: {
    class: 'permanent',
    what: 'The document does not follow the schema of its interface.',
    action: 'Give the sender the paths in the detail.',
  },
  RECORD_TOO_LARGE: {
    class: 'permanent',
    what: 'One record of the file, or what stands around the records, is larger than can be read at once.',
    action: 'Ask the sender to split the order.',
  },
  COUNT_MISMATCH: {
    class: 'permanent',
    what: 'recordCount and the number of records differ.',
    action: 'Ask the sender for a complete file.',
  },
  // Adaptor
  UNKNOWN_BATCH: {
    class: 'permanent',
    what: 'The file names a batch that is not in the store.',
    action: 'Check that the file belongs to this store.',
  },
  BATCH_NOT_READY: {
    class: 'transient',
    what: 'The file is out, but the process that produced it, or what it answers, has not recorded that yet.',
    action: 'Nothing: it is tried again. If it lasts, look whether extractor and adaptor run.',
  },
  BATCH_ELSEWHERE: {
    class: 'permanent',
    what: 'The batch of the file was transformed before, or is not to be transformed now.',
    action: 'Nothing if the file was dropped twice; enrol batch show tells where the batch stands.',
  },
  UNKNOWN_PROVIDER: {
    class: 'permanent',
    what: 'The file names a provider that is not configured.',
    action: 'Add the provider to the configuration, then retry the file.',
  },
  UNMAPPABLE: {
    class: 'permanent',
    what: "A value cannot be written in the provider's format without loss.",
    action: 'Correct the order or device named in the detail, then reprocess the batch.',
  },
  IDENTIFIER_MISSING: {
    class: 'permanent',
    what: 'The device has none of the identifiers that the provider needs.',
    action: 'Complete the device, then retry it.',
  },
  IDENTIFIER_DAMAGED: {
    class: 'permanent',
    what: 'An identifier was damaged by a spreadsheet or on its way.',
    action: 'Get the identifier from the source again, as text and not as a number, and correct the device.',
  },
  IDENTIFIER_INVALID: {
    class: 'permanent',
    what: 'An identifier is not of the form that it must have.',
    action: 'Correct the device, then retry it.',
  },
  NOT_ENROLLED: {
    class: 'permanent',
    what: 'What is to be unenrolled was not enrolled through us, as far as we know.',
    action: "Look at the provider's portal; unenrol it there, or set the device's status right.",
  },
  UNKNOWN_ANSWER: {
    class: 'permanent',
    what: 'The file is none of the answers that the provider is known to give.',
    action:
      'Compare it with the provider documentation; tell the engineers if the provider changed its format.',
  },
  UNKNOWN_TRANSACTION: {
    class: 'transient',
    what: 'The answer belongs to no request of ours that is known yet.',
    action:
      'Nothing at first: it is tried again. If it is held, check the file name against the request files.',
  },
  UNEXPECTED_ANSWER: {
    class: 'permanent',
    what: 'The answer comes for a request that is not waiting for it.',
    action: 'Nothing if the provider repeated itself; otherwise compare the request in enrol device show.',
  },
  PROVIDER_UNREACHABLE: {
    class: 'transient',
    what: 'The server of the provider cannot be reached, or did not take the request.',
    action: 'Nothing: it is tried again. If it lasts, look at the network and at the address in https.url.',
  },
  PROVIDER_DENIES: {
    class: 'environment',
    what: 'The provider does not let us in, or finds our account wrong.',
    action: 'Check address, certificate, token and account; what waits is sent by itself afterwards.',
  },
  PROVIDER_UNTRUSTED: {
    class: 'environment',
    what: 'The server that answers does not prove that it is the provider.',
    action: 'Check https.url and caFile; suspect the network. Nothing was sent.',
  },
  PROVIDER_BUSY: {
    class: 'transient',
    what: 'The provider asks us to come later, or has a fault of its own.',
    action: 'Nothing: it is tried again.',
  },
  ANSWER_LOST: {
    class: 'transient',
    what: 'The provider was sent a request and did not answer in time: it may have done it.',
    action: 'Nothing: the provider is asked what became of it, and the request is not sent again blindly.',
  },
  ANSWER_TOO_LARGE: {
    class: 'transient',
    what: 'The answer of the provider is larger than is allowed; it was not read to its end.',
    action: 'Raise maxAnswerMegabytes of the provider if its answers are honest.',
  },
  // Endpoints of our own
  ENDPOINT_UNAVAILABLE: {
    class: 'environment',
    what: 'The endpoint to which generic responses are posted cannot be reached, or takes nothing at the moment.',
    action:
      'Look at the loader there, at the network and at endpoint.url. The files wait, and are sent by themselves.',
  },
  ENDPOINT_DENIES: {
    class: 'environment',
    what: 'The endpoint to which generic responses are posted does not let us in, or does not prove that it is it.',
    action:
      'Check certificate, token, caFile and url of endpoint. The files wait, and are sent by themselves afterwards.',
  },
  ENDPOINT_FAILS: {
    class: 'transient',
    what: 'The endpoint has a fault of its own with this file.',
    action: 'Nothing: it is tried again. If it is held, look for the cause in the log there.',
  },
  ENDPOINT_REFUSED: {
    class: 'permanent',
    what: 'The endpoint does not take this file.',
    action:
      'Look for endpoint.refused in the log there; when the cause is mended, enrol file retry N sends it again.',
  },
  LISTEN_FAILED: {
    class: 'environment',
    what: 'The address on which the loader or the console is to listen cannot be used.',
    action:
      'EADDRINUSE: find the process that has it. EACCES: take a port from 1024, or a folder that we may write. Or correct loader.listen.address or console.address; then start it again.',
  },
  NOTICE_UNDELIVERED: {
    class: 'transient',
    what: 'A notice about probes could not be sent: its server cannot be reached, or did not take it.',
    action:
      'Nothing at first: it is tried again. If it lasts, check probes.notices; enrol probe test-notice tries it.',
  },
  // Store
  STORE_MISSING: {
    class: 'environment',
    what: 'There is no store at the configured place.',
    action: 'enrol init makes it; check --home and store.url first.',
  },
  STORE_SCHEMA: {
    class: 'environment',
    what: 'The store is older, newer or half migrated.',
    action: 'Older: enrol migrate. Newer: run the newer program. Half migrated: restore the backup.',
  },
  STORE_UNSAFE: {
    class: 'environment',
    what: 'The database does not run with the settings that keep committed work through a power cut.',
    action:
      'A file: put it on a local disk and use the shipped driver. A server: see what docs/postgresql.md asks of it.',
  },
  LEASE_LOST: {
    class: 'environment',
    what: 'Others have taken this process for dead, since it was not heard of for too long, and have what it held.',
    action:
      'Nothing: it changed nothing of theirs, and is to be started anew. If it repeats, find what stops the process, or keeps it from the store, for longer than store.leaseSeconds.',
  },
  STORE_BUSY: {
    class: 'transient',
    what: 'Another process holds the store for longer than we wait.',
    action: 'Nothing: it is tried again. If it lasts, find the process that keeps a transaction open.',
  },
  STORE_FAILED: {
    class: 'environment',
    what: 'The database reports that it cannot open or write what is its own.',
    action:
      'Check disk, space, quota and rights of the store, and of a server whether it is a standby; work resumes by itself.',
  },
  STORE_UNREACHABLE: {
    class: 'environment',
    what: 'There is no connection to the database server, or it has ended.',
    action: 'Check the server, the network and store.url; work resumes by itself.',
  },
  STORE_REFUSED: {
    class: 'environment',
    what: 'The database server does not let us in, or not to its tables.',
    action: 'Check user, password and rights: see store.url and store.passwordFile.',
  },
  STORE_OUTCOME_UNKNOWN: {
    class: 'environment',
    what: 'The connection to the database server was lost in the middle of a COMMIT.',
    action:
      'Processes look up by themselves what has become of it. After a command: see in the audit of the console, or with the show or list command of the thing, whether it was done, before you give it again.',
  },
  STORE_ROW: {
    class: 'permanent',
    what: 'A row of the store cannot be in PostgreSQL, because of a NUL character for instance. Nothing was copied.',
    action: 'The detail names the row. With a backup at hand, correct it in the store, then copy again.',
  },
  STORE_DAMAGED: {
    class: 'environment',
    what: 'The file of the database is damaged, or its disk does not keep or give back what was written.',
    action:
      'Stop all processes, check the disk, then restore the backup. Nothing is mended by itself, and nothing was lost from the spool.',
  },
  BACKUP_DAMAGED: {
    class: 'permanent',
    what: 'The folder is no whole backup, or something in it is not as it was written.',
    action:
      'Use another backup, and find out what has changed this one; enrol restore FOLDER --check lists every file.',
  },
  // Environment
  CONFIG_INVALID: {
    class: 'environment',
    what: 'The configuration has errors; all of them are listed.',
    action: 'Correct the lines named.',
  },
  SPOOL_MISSING: {
    class: 'environment',
    what: 'A folder of the spool is missing or is not ours to use.',
    action: 'Mount or create it (enrol init makes the folders), with the right owner.',
  },
  SPOOL_DEVICES: {
    class: 'environment',
    what: 'The folders of one inbox lie on different devices, so that files cannot be moved safely.',
    action: 'Put all folders of the inbox on one device.',
  },
  SPOOL_PERMISSION: {
    class: 'transient',
    what: 'A file cannot be read or moved by us.',
    action:
      'Let our user read and write the file named in the detail: Linux lets nobody link to a file that they may not write.',
  },
  FILE_BUSY: {
    class: 'transient',
    what: 'The system answers that the file is in use, or that its file server has lost it for the moment.',
    action: 'Nothing: it is tried again. If it lasts, look at the file server.',
  },
  OUTPUT_EXISTS: {
    class: 'environment',
    what: 'A file of the name that we publish exists already with other content; it was not overwritten.',
    action: 'Find out where the other file comes from and move it away.',
  },
  NO_SPACE: {
    class: 'environment',
    what: 'A disk is full, or has less free space than is kept in reserve.',
    action: 'Make room; work resumes by itself.',
  },
  SYNC_FAILED: {
    class: 'environment',
    what: 'A disk did not confirm that it keeps what was written; that is not relied on, but done again.',
    action:
      'Check the disk and the mount named in the detail. When it happens again and again the process ends; start it again after the repair.',
  },
  TOO_MANY_OPEN_FILES: {
    class: 'environment',
    what: 'No more files can be opened; nothing new is taken in.',
    action:
      'EMFILE: raise the limit of the process (LimitNOFILE of the unit, ulimit -n). ENFILE: that of the machine (sysctl fs.file-max). Work resumes by itself.',
  },
  IO_ERROR: {
    class: 'environment',
    what: 'The system refuses to read or write.',
    action: 'Check the disk and the mount named in the detail; work resumes by itself.',
  },
  // Operation
  ALREADY_RUNNING: {
    class: 'transient',
    what: 'The job is running already; it runs once at a time.',
    action: 'Wait for the run that enrol job list shows.',
  },
  NOT_FOUND: {
    class: 'permanent',
    what: 'There is nothing of that name or number.',
    action: 'Check the name or number: the list has all there are.',
  },
  NOT_ALLOWED: {
    class: 'permanent',
    what: 'The present state does not allow that.',
    action: 'The detail names the state and what it allows.',
  },
  BAD_INPUT: {
    class: 'permanent',
    what: 'What was given to the command is not valid.',
    action: 'Correct what the detail names.',
  },
  TRACE_UNDELIVERED: {
    class: 'transient',
    what: 'The collector of OpenTelemetry cannot be reached, or did not take the trace.',
    action: 'Check the address, often http://127.0.0.1:4318/v1/traces, and the log of the collector.',
  },
  // Administration Console
  SIGN_IN_NEEDED: {
    class: 'permanent',
    what: 'Nobody is signed in, or the session has ended.',
    action: 'Sign in, and do it again: nothing was changed.',
  },
  SIGN_IN_REFUSED: {
    class: 'permanent',
    what: 'Name or password is wrong, the user is disabled, or there were too many attempts.',
    action: 'Try again, after 15 minutes if you failed often; an administrator can set a new password.',
  },
  TOKEN_REFUSED: {
    class: 'permanent',
    what: 'The request came without a token of the HTTP API, or with one that is unknown, expired or revoked.',
    action: 'Send a good token, as Authorization: Bearer; an administrator makes one with enrol token add.',
  },
  ROLE_TOO_LOW: {
    class: 'permanent',
    what: 'The role of the user does not allow that.',
    action: 'Ask an administrator to do it, or for another role.',
  },
  SETTING_PROTECTED: {
    class: 'permanent',
    what: 'The setting leads to secrets, addresses or other machines; it is not changed from a browser.',
    action: 'Change it on the machine: enrol config set, or the file itself and then enrol config check.',
  },
  FORM_NOT_OURS: {
    class: 'permanent',
    what: 'The form does not come from a page of this session; nothing was changed.',
    action:
      'Open the page again and send the form from there. If you did not send one, tell an administrator.',
  },
  TOO_MANY_REQUESTS: {
    class: 'transient',
    what: 'There were too many requests from this address.',
    action: 'Wait for five minutes, or for as long as Retry-After in the answer says.',
  },
  BUG: {
    class: 'bug',
    what: 'The program met a state that its authors held to be impossible.',
    action: 'Give the log line with its stack to the engineers.',
  },
} as const satisfies Record<string, FaultRow>;

export type FaultCode = keyof typeof faultCodes;

export const faultNames = Object.keys(faultCodes) as FaultCode[];

export const isFaultCode = (text: string): text is FaultCode => Object.hasOwn(faultCodes, text);

/** The row of a code. */
export const faultRow = (code: FaultCode): FaultRow => faultCodes[code];
