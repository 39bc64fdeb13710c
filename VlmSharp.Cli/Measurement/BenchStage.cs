namespace VlmSharp.Cli.Measurement;

/// <summary>One measured stage of a backend.</summary>
/// <param name="Name">The stage's name.</param>
/// <param name="Work">Its work, in bytes and operations.</param>
/// <param name="Seconds">Median time.</param>
/// <param name="FloorSeconds">The time at the backend's limit; 0 if the stage has none or it is not measured.</param>
/// <param name="Share">Floor / time, the median over the runs.</param>
/// <param name="Rate">Work per second as text; empty for none.</param>
internal readonly record struct BenchStage(string Name, string Work, double Seconds, double FloorSeconds, double Share, string Rate)
{
    public bool HasFloor => FloorSeconds > 0;
}
