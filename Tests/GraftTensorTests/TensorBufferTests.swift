import GraftTensor
import Testing

@Suite struct TensorBufferTests {
    @Test(arguments: [0, 1, 17, 1000])
    func startsZeroedOnACacheLine(count: Int) {
        let buffer = TensorBuffer(count: count)
        #expect(buffer.count == count)
        #expect(buffer.withUnsafePointer { Int(bitPattern: $0) % 64 } == 0)
        #expect(buffer.withSpan { span in span.indices.allSatisfy { span[$0] == 0 } })
    }

    @Test func lendsWhatWasWritten() {
        var buffer = TensorBuffer([1, 2, 3])
        buffer.withMutableSpan { span in span[1] = 5 }
        #expect(buffer.withSpan { span in span.indices.map { span[$0] } } == [1, 5, 3])
    }
}
