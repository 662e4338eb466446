import Testing

/// Tests of the built programs. One after another: each has a daemon of its own, which wants the whole machine.
@Suite(.serialized) struct DaemonTests {}
