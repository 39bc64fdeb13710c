namespace VlmSharp.Cli.Diagnosis;

/// <summary>How serious a finding is.</summary>
internal enum Level
{
    Good,
    Warning,
    Problem,
}
