using VlmSharp.Training.Loop;
using VlmSharp.Training.Tests.Distributed;

namespace VlmSharp.Training.Tests.Loop;

/// <summary>Runs the test assembly as a program: a training in a separate process that a test kills.</summary>
internal static class KilledTraining
{
    /// <summary>The steps of the run: more than any test waits for, or twenty.</summary>
    private static int Main(string[] args)
    {
        if (args[0] == MpiTraining.Name) return MpiTraining.Run(args[1..]);
        using StopSignal stop = StopSignal.Listen();
        bool endless = args[1] == "endless";
        using var run = new TestRun(args[0], change: s =>
            s with
            {
                SaveEvery = 1,
                EvaluateEvery = 0,
                Schedule = new(VlmSharp.Training.Optimizers.ScheduleKind.Constant, endless ? 1_000_000 : 20)
            });
        run.Trainer.Resume();
        run.Step.Before = c =>
        {
            if (c.Batch == 0) Console.Out.WriteLine(c.Step);
            Console.Out.Flush();
        };
        return run.Trainer.Run(stop) switch { TrainingEnd.Finished => 0, TrainingEnd.Interrupted => 130, _ => 143 };
    }
}
