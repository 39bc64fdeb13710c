namespace VlmSharp.Cli.Diagnosis;

/// <summary>The result of one check.</summary>
/// <param name="Name">What was checked.</param>
/// <param name="Level">How serious the result is.</param>
/// <param name="Text">What was found.</param>
/// <param name="Advice">What to do if the result is not good.</param>
internal sealed record Finding(string Name, Level Level, string Text, string? Advice = null)
{
    public static Finding Good(string name, string text) => new(name, Level.Good, text);

    public static Finding Warning(string name, string text, string advice) => new(name, Level.Warning, text, advice);

    public static Finding Problem(string name, string text, string advice) => new(name, Level.Problem, text, advice);
}
