using System.Globalization;
using System.Text.RegularExpressions;

namespace VlmSharp.Imaging;

/// <summary>
/// Paths of files that the process has open, such as <c>/dev/stdout</c>. The open file is meant, and not what such a link leads to, which
/// may be no path.
/// </summary>
internal static partial class OpenFile
{
    private const int MostLinks = 40; // as many as Linux follows

    /// <summary>Whether a path is standard input, or a link that leads to it.</summary>
    public static bool IsInput(string path) => EndOf(path) is var end && (end == "/dev/stdin" || NumberOf(end) == "0");

    /// <summary>Whether a path is standard output, or a link that leads to it.</summary>
    public static bool IsOutput(string path) => EndOf(path) is var end && (end == "/dev/stdout" || NumberOf(end) == "1");

    /// <summary>Whether a path is an open file of a process. What it leads to is not looked at.</summary>
    public static bool Is(string path) =>
        path.StartsWith("/proc/", StringComparison.Ordinal) || path.StartsWith("/dev/fd/", StringComparison.Ordinal);

    // The number under which this process has a file open, if that is what a path names; a thread of it may be named too.
    private static string? NumberOf(string path)
    {
        Match match = Descriptors().Match(path);
        string process = match.Groups["process"].Value, own = Environment.ProcessId.ToString(CultureInfo.InvariantCulture);
        return match.Success && (process is "" or "self" or "thread-self" || process == own) ? match.Groups["number"].Value : null;
    }

    [GeneratedRegex(@"^/(dev|proc/(?<process>self|thread-self|\d+)(/task/\d+)?)/fd/(?<number>\d+)$")]
    private static partial Regex Descriptors();

    /// <summary>What a path leads to through links: the first open file, or what is no link, whether it is there or not.</summary>
    /// <exception cref="IOException">There are too many links, such as one to itself.</exception>
    public static string EndOf(string path)
    {
        string end = path;
        for (int links = 0; links < MostLinks; links++)
        {
            if (Is(end) || new FileInfo(end).LinkTarget is null) return end;
            end = File.ResolveLinkTarget(end, returnFinalTarget: false)!.FullName;
        }

        throw new IOException($"{path} is a link that leads through more than {MostLinks} others.");
    }
}
