namespace VlmSharp.Cli.Errors;

/// <summary>Who read our output has gone away.</summary>
internal static class BrokenPipe
{
    private const int Code = 32; // EPIPE

    /// <summary>Whether that is what an error says.</summary>
    public static bool Is(Exception e) => e is IOException { HResult: Code };
}
