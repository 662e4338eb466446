import ArgumentParser
import Foundation
import GraftClient

/// Talks to graftd over its socket.
@main
struct Graftctl: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "graftctl",
        abstract: "Teach, ask and look after graftd, the image classifier that learns on this machine.",
        discussion: """
            A first session:
              graftctl backbone import efficientnet-lite0.pth
              graftctl teach --from photos/          (photos/cat/*.jpg, photos/dog/*.jpg, ...)
              graftctl classify holiday.jpg
              graftctl train --wait
              graftctl status

            The daemon's socket is --socket, else $GRAFTD_SOCKET, else $XDG_RUNTIME_DIR/graftd/graftd.sock where \
            that exists, else /run/graftd/graftd.sock.

            Exit status:
              0   done
              1   the daemon refused, or something failed
              3   no daemon listens at the socket
              4   no permission to use the socket
              5   training ended, but its version was not published
              64  the command line is not understood
              78  the settings are wrong

            Results go to standard output; progress and errors to standard error. Colours and bars are shown on a \
            terminal only, and no colours where NO_COLOR is set.
            """,
        subcommands: [
            StatusCommand.self, ClassifyCommand.self, TeachCommand.self, SamplesCommand.self, LabelsCommand.self,
            TrainCommand.self, VersionsCommand.self, ReportCommand.self, EvaluateCommand.self, ActivateCommand.self,
            ExportCommand.self, BackboneCommand.self, WatchCommand.self, CheckCommand.self, ReloadCommand.self,
            BackupCommand.self, RestoreCommand.self, DoctorCommand.self, ManualCommand.self,
        ])

    static func main() async {
        do {
            var command = try parseAsRoot()
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch let error as CommandFailure {
            error.end()
        } catch let error as ClientError {
            CommandFailure(error).end()
        } catch let error as FileError {
            CommandFailure(error.description).end()
        } catch {
            // Help, usage errors and plain exit codes.
            exit(withError: error)
        }
    }
}
