import HummingbirdCore
import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle

/// Answers the connections of a listening socket until it is told to stop, and loses none of them then.
///
/// The socket may be systemd's, in which connections wait while nobody runs. Hummingbird's own server binds sockets only.
struct Listener<Connection: ServerChildChannel>: Service {
    let socket: ListeningSocket
    let connection: Connection
    let logger: Logger
    /// How many threads read and write on connections.
    let loopCount: Int
    let onListening: @Sendable () async -> Void

    /// How long requests may go on after the order to stop.
    private static var drainLimit: Duration { .seconds(20) }
    /// How long those that have connected before it may take to be accepted.
    private static var lastAcceptsLimit: Duration { .seconds(2) }

    func run() async throws {
        let loops = MultiThreadedEventLoopGroup(numberOfThreads: loopCount)
        let outcome: Result<Void, any Error>
        do {
            outcome = .success(try await answer(on: loops))
        } catch {
            outcome = .failure(error)
        }
        try await loops.shutdownGracefully()
        try outcome.get()
    }

    private func answer(on loops: MultiThreadedEventLoopGroup) async throws {
        let open = OpenConnections()
        let (connections, continuation) = AsyncStream.makeStream(of: Connection.Value.self)
        let server = try await ServerBootstrap(group: loops)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelInitializer { [connection, logger] channel in
                let value = connection.setup(channel: channel, logger: logger)
                // Not before there is someone in the channel to hear that it is to end.
                open.insert(channel)
                return value.map { value in
                    continuation.yield(value)
                }
            }
            .withBoundSocket(socket.descriptor).get()
        await onListening()
        await withGracefulShutdownHandler {
            await withDiscardingTaskGroup { group in
                for await value in connections {
                    group.addTask { [connection, logger] in await connection.handle(value: value, logger: logger) }
                }
            }
        } onGracefulShutdown: {
            Task {
                await stopAccepting(server, loops)
                continuation.finish()
                open.drain()
                try? await Task.sleep(for: Self.drainLimit)
                open.close()
            }
        }
    }

    /// Closes the listening socket once every connection that was accepted is set up: one that is not would be dropped.
    ///
    /// So would those that wait in a socket of our own, and they are accepted first; in an inherited one they wait for the
    /// next start.
    private func stopAccepting(_ server: any Channel, _ loops: MultiThreadedEventLoopGroup) async {
        if !socket.isInherited {
            socket.removeFile()
            let limit = ContinuousClock.now + Self.lastAcceptsLimit
            while socket.hasWaiting, ContinuousClock.now < limit { try? await Task.sleep(for: .milliseconds(2)) }
        }
        try? await server.setOption(.autoRead, value: false).get()
        for loop in loops.makeIterator() { try? await loop.submit {}.get() }
        try? await server.eventLoop.submit {}.get()
        try? await server.close().get()
    }
}
