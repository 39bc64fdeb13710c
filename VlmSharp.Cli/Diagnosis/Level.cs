namespace VlmSharp.Cli.Diagnosis;

/// <summary>How a thing stands.</summary>
internal enum Level
{
    Good,
    Warning,
    Problem,
}
