// Draw your own machine: states and arrows by hand; the page compiles it and runs it.

export class Draw {
  constructor(data, page, signal) {
    this.data = data;
    this.page = page;
    this.signal = signal;
  }

  start(hash) {
    this.follow(hash);
  }

  /** Takes over what a link carries. */
  follow() {}
}
