/** An error of the service's own, by its AWS code. */
export class ApiError extends Error {
  override readonly name: string;
  constructor(code: string, message: string) {
    super(message);
    this.name = code;
  }
}

const NAME = /^[^\s<>{}[\]?*"#%\\^|~`$&,;:/\p{Cc}]{1,80}$/u;

/** @throws ApiError `InvalidName` */
export function checkName(name: string): void {
  if (!NAME.test(name)) throw new ApiError('InvalidName', `Invalid Name: '${name}'`);
}

/** @throws ApiError with `code` for what is not JSON or over 256 KiB. */
export function checkJson(text: string, code: string, what: string): void {
  if (Buffer.byteLength(text) > 262_144)
    throw new ApiError(code, `${what} exceeds the limit of 262144 bytes.`);
  try {
    JSON.parse(text);
  } catch {
    throw new ApiError(code, `Invalid ${what}: it is not JSON.`);
  }
}
