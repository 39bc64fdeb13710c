using Microsoft.Win32.SafeHandles;
using VlmSharp.Cli.Inputs;
using VlmSharp.Imaging;

namespace VlmSharp.Cli.Output;

/// <summary>Standard output as bytes; <see cref="OutputWriter"/> is its text.</summary>
internal static class StandardOutput
{
    /// <summary>Its name where a file could stand.</summary>
    public const string Name = "-";

    /// <summary>An option's value, or <see cref="Name"/> where it is a path of standard output such as <c>/dev/stdout</c>.</summary>
    public static string NameOr(string path) => OpenFile.IsOutput(path) ? Name : path;

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

    /// <summary>Throws if the process was started without it (<c>&gt;&amp;-</c>): what is written there would be lost.</summary>
    /// <exception cref="IOException">It is closed.</exception>
    public static void RequireOpen()
    {
        if (Descriptor.IsMissing(1)) throw new IOException("standard output cannot be written: it is closed.");
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
