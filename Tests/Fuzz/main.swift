// libFuzzer on the readers of foreign files: `graftfuzz FORMAT [option of libFuzzer]… [folder of inputs]…`, built and
// run by deploy/fuzz. It shows each target what it makes of the inputs, and stops at a trap, a memory error, an input
// that takes too long or one that allocates too much.

import GraftCheckpoint
import Glibc

/// libFuzzer's driver (https://llvm.org/docs/LibFuzzer.html): it calls `callback` with one input after another and returns
/// the status to exit with.
@_silgen_name("LLVMFuzzerRunDriver")
private func runDriver(
    _ argumentCount: UnsafeMutablePointer<CInt>,
    _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>,
    _ callback: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt
) -> CInt

let target = targets[CommandLine.arguments.dropFirst().first ?? ""]
if target == nil {
    print("usage: graftfuzz \(targets.keys.sorted().joined(separator: "|")) [option]… [folder]…")
    exit(64)
}
// The format is no argument of libFuzzer's: the program's name takes its place.
var arguments = CommandLine.unsafeArgv + 1
arguments[0] = CommandLine.unsafeArgv[0]
var argumentCount = CommandLine.argc - 1
exit(
    runDriver(&argumentCount, &arguments) { start, count in
        target!(MappedFile(bytes: [UInt8](UnsafeBufferPointer(start: start, count: count))))
        return 0
    })
