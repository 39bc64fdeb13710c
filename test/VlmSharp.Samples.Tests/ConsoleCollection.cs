namespace VlmSharp.Samples.Tests;

/// <summary>Tests whose programs write to standard output or build hosts, one at a time: both belong to the whole process.</summary>
[CollectionDefinition(nameof(Console), DisableParallelization = true)]
public sealed class ConsoleCollection;
