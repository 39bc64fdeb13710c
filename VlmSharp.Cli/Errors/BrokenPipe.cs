namespace VlmSharp.Cli.Errors;

/// <summary>Detects that the reader of our output has gone.</summary>
internal static class BrokenPipe
{
    private const int Code = 32; // EPIPE

    /// <summary>Whether an error means a broken pipe.</summary>
    public static bool Is(Exception e) => e is IOException { HResult: Code };
}
