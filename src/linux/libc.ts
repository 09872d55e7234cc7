/** The few calls of the C library that Node does not offer. The only foreign function interface. */
import { UmbraError } from '../base/errors.js';

type Koffi = typeof import('koffi');

/** A function of the C library; all of those used here return an int. */
type NativeFunction = (...args: unknown[]) => number;

/** Native memory: its address, and the same bytes as seen from JavaScript. */
export interface NativeBlock {
  address: bigint;
  bytes: Uint8Array;
  view: DataView;
}

/** The C library, loaded when first needed. */
export class Libc {
  readonly socket: NativeFunction;
  readonly bind: NativeFunction;
  readonly setsockopt: NativeFunction;
  readonly getsockopt: NativeFunction;
  readonly ioctl: NativeFunction;
  readonly recvmmsg: NativeFunction;
  readonly sendmmsg: NativeFunction;
  readonly close: NativeFunction;
  readonly ifNameToIndex: NativeFunction;

  private constructor(readonly koffi: Koffi) {
    const lib = koffi.load('libc.so.6');
    const native = (prototype: string): NativeFunction => lib.func(prototype) as NativeFunction;
    this.socket = native('int socket(int domain, int type, int protocol)');
    this.bind = native('int bind(int fd, const void *address, uint32_t length)');
    this.setsockopt = native(
      'int setsockopt(int fd, int level, int name, const void *value, uint32_t length)',
    );
    this.getsockopt = native(
      'int getsockopt(int fd, int level, int name, void *value, void *length)',
    );
    this.ioctl = native('int ioctl(int fd, ulong request, void *argument)');
    this.recvmmsg = native(
      'int recvmmsg(int fd, void *messages, uint32_t count, int flags, void *timeout)',
    );
    this.sendmmsg = native('int sendmmsg(int fd, void *messages, uint32_t count, int flags)');
    this.close = native('int close(int fd)');
    this.ifNameToIndex = native('uint32_t if_nametoindex(const char *name)');
  }

  /** Throws UNAVAILABLE on a system that is not Linux with glibc. */
  static async load(): Promise<Libc> {
    try {
      const module = (await import('koffi')) as unknown as { default?: Koffi } & Koffi;
      return new Libc(module.default ?? module);
    } catch (error) {
      throw new UmbraError('UNAVAILABLE', 'network interfaces need Linux with glibc', {
        cause: error,
      });
    }
  }

  /** The last error's number. */
  get errno(): number {
    return this.koffi.errno();
  }

  allocate(length: number): NativeBlock {
    const pointer: unknown = this.koffi.alloc('uint8_t', length);
    const memory = this.koffi.view(pointer, length);
    return {
      address: this.koffi.address(pointer),
      bytes: new Uint8Array(memory),
      view: new DataView(memory),
    };
  }
}
