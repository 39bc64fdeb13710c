namespace VlmSharp.Cli.Diagnosis;

/// <summary>A thing that was looked at.</summary>
/// <param name="Name">What it is.</param>
/// <param name="Level">How it stands.</param>
/// <param name="Text">What was found.</param>
/// <param name="Advice">What to do, where it is not good.</param>
internal sealed record Finding(string Name, Level Level, string Text, string? Advice = null)
{
    public static Finding Good(string name, string text) => new(name, Level.Good, text);

    public static Finding Warning(string name, string text, string advice) => new(name, Level.Warning, text, advice);

    public static Finding Problem(string name, string text, string advice) => new(name, Level.Problem, text, advice);
}
