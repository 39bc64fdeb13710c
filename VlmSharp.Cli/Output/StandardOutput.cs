using Microsoft.Win32.SafeHandles;

namespace VlmSharp.Cli.Output;

/// <summary>Standard output as bytes; <see cref="OutputWriter"/> is its text.</summary>
internal static class StandardOutput
{
    /// <summary>Its name where a file could stand.</summary>
    public const string Name = "-";

    /// <summary>
    /// Standard output as a pipe, or null if it is something else. .NET's console ignores a broken pipe; a file stream throws, which ends
    /// hours of work that nobody reads. It is used only for pipes: in a file it would keep its own position, and the commands of a script
    /// that share one file would overwrite each other.
    /// </summary>
    public static FileStream? AsPipe()
    {
        var output = new FileStream(new SafeFileHandle(1, ownsHandle: false), FileAccess.Write, bufferSize: 0);
        return Console.IsOutputRedirected && !OperatingSystem.IsWindows() && !output.CanSeek ? output : null;
    }

    /// <summary>Writes bytes.</summary>
    /// <param name="write">Writes them.</param>
    /// <exception cref="IOException">Standard output cannot be written.</exception>
    public static void Write(Action<Stream> write) => OutputWriter.Try(() =>
    {
        using var output = new BufferedStream(AsPipe() ?? Console.OpenStandardOutput());
        write(output);
    });
}
