using System.Globalization;
using VlmSharp.Training.Distributed;
using VlmSharp.Training.Optimizers;
using VlmSharp.Training.Runs;
using VlmSharp.Training.Tracking;

namespace VlmSharp.Training.Loop;

/// <summary>
/// The loop around the gradient step: accumulation, clipping, schedule, optimizer, tracking, evaluation, checkpoints. A run that was
/// stopped or killed and resumes from its checkpoint takes bit-identical steps on the same backend.
/// </summary>
/// <typeparam name="TBatch">Encoded examples.</typeparam>
public sealed class Trainer<TBatch>
{
    private readonly TrainerSettings settings;
    private readonly ITrainingStep<TBatch> step;
    private readonly IBatchSource<TBatch> data;
    private readonly Optimizer optimizer;
    private readonly SortedDictionary<string, string> description;
    private readonly Progress progress;
    private long completed, lastSaved = -1;
    private string? stepStart; // where the data stood before the step that is under way; null between steps
    private bool isUpdating; // parameters are of no step
    private bool isReading; // the next batch: what goes wrong there has changed nothing
    private TrainingEnd asked; // how the processes have agreed to stop

    /// <summary>Creates a trainer; it disposes of nothing that it is given.</summary>
    /// <param name="settings">Schedule, accumulation, clipping, and how often to save and to evaluate.</param>
    /// <param name="step">Computes the gradients of a batch.</param>
    /// <param name="data">Gives the batches, in an order that a resumed run repeats.</param>
    /// <param name="optimizer">Has the parameters.</param>
    public Trainer(TrainerSettings settings, ITrainingStep<TBatch> step, IBatchSource<TBatch> data, Optimizer optimizer)
    {
        ArgumentNullException.ThrowIfNull(settings);
        ArgumentOutOfRangeException.ThrowIfLessThan(settings.Accumulation, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(settings.Schedule.TotalSteps);
        (this.settings, this.step, this.data, this.optimizer) = (settings, step, data, optimizer);
        description = settings.Describe(optimizer);
        progress = new Progress(settings);
    }

    /// <summary>
    /// Where checkpoints go, and come from; null for none. Of processes that train together one saves, and the others read.
    /// </summary>
    public RunStore? Store { get; init; }

    /// <summary>What checkpoints hold beside parameters and optimizer: an adapter's files.</summary>
    public IReadOnlyList<ICheckpointPart> Parts { get; init; } = [];

    /// <summary>Who follows the run.</summary>
    public IReadOnlyList<IRunTracker> Trackers { get; init; } = [];

    /// <summary>Evaluates after so many steps; null for no evaluation.</summary>
    public Func<long, CancellationToken, EvaluationResult>? Evaluate { get; init; }

    /// <summary>Called after an evaluation that is the best so far, to save the current parameters. Null for nothing.</summary>
    public Action? OnBest { get; init; }

    /// <summary>The processes that train together, each with a trainer of its own on its part of the data.</summary>
    public IProcessGroup Group { get; init; } = new SingleProcess();

    /// <summary>The clock behind tokens per second.</summary>
    public TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>Steps that are done.</summary>
    public long CompletedSteps => completed;

    /// <summary>The step after which the evaluation was best; null before any.</summary>
    public long? BestStep => progress.BestStep;

    /// <summary>Tokens that have gone through the network, those before a resumption included.</summary>
    public long Tokens => progress.Tokens;

    /// <summary>Goes on from the newest checkpoint that is whole, if there is one.</summary>
    /// <returns>Whether there is.</returns>
    /// <exception cref="RequestException">
    /// It is of other settings or other data, or other processes of the group find another one.
    /// </exception>
    public bool Resume()
    {
        RunCheckpoint? checkpoint = Store?.FindLatest();
        RequireSameStep(checkpoint?.State.Step);
        if (checkpoint is null) return false;
        RunState state = checkpoint.State;
        state.RequireSame(description, data.Fingerprint, Store!.Folder);
        foreach (ICheckpointPart part in AllParts) part.Load(checkpoint.Folder);
        data.Seek(state.DataPosition);
        progress.Restore(state.Values, checkpoint.Folder);
        completed = lastSaved = state.Step;
        return true;
    }

    /// <summary>Takes the steps that are left.</summary>
    /// <param name="stop">Who may ask it to stop; null for nobody.</param>
    /// <returns>How it ended. Unless an error ended it, a checkpoint of the last step is written.</returns>
    /// <exception cref="RequestException">A loss or a gradient is not a number.</exception>
    /// <exception cref="IOException">A checkpoint or a tracker's file cannot be written.</exception>
    /// <exception cref="ProcessGroupException">
    /// Another process is gone, and nobody had asked to stop. The last whole step is saved.
    /// </exception>
    public TrainingEnd Run(StopSignal? stop = null)
    {
        var status = RunStatus.Failed;
        foreach (IRunTracker tracker in Trackers)
            tracker.Begin(new RunInfo(settings.Name, completed, settings.Schedule.TotalSteps, description) { Summary = settings.Summary });
        try
        {
            TrainingEnd end = TakeSteps(stop);
            status = end == TrainingEnd.Finished ? RunStatus.Finished : RunStatus.Stopped;
            return end;
        }
        finally
        {
            foreach (IRunTracker tracker in Trackers) tracker.End(status);
        }
    }

    private TrainingEnd TakeSteps(StopSignal? stop)
    {
        CancellationToken cancellation = stop?.Token ?? CancellationToken.None;
        try
        {
            while (completed < settings.Schedule.TotalSteps && !IsAskedToStop(stop) && TakeStep(cancellation)) AfterStep(cancellation);
            SaveIf(lastSaved != completed);
            return completed == settings.Schedule.TotalSteps ? TrainingEnd.Finished : asked != TrainingEnd.Finished ? asked : stop!.End;
        }
        catch (VlmSharpException e) when (e is not ProcessGroupException && Group.Size == 1 && isReading)
        {
            // An example cannot be used: the completed steps are not lost.
            DropStep();
            SaveIf(lastSaved != completed && completed > 0);
            throw;
        }
        catch (ProcessGroupException)
        {
            SaveAlone();
            if (stop is null || stop.End == TrainingEnd.Finished) throw;
            return stop.End;
        }
    }

    /// <summary>One optimizer step.</summary>
    /// <returns>False if the run is to stop: then nothing has changed, and the data is where the step would begin.</returns>
    private bool TakeStep(CancellationToken cancellation)
    {
        stepStart = data.Position;
        long start = Clock.GetTimestamp();
        if (Accumulate(cancellation) is not { } loss)
        {
            DropStep();
            return false;
        }

        if (loss.Weight == 0) return PassOver();
        double average = 1 / loss.Weight;
        double norm = GradientNorm.Of(optimizer.Backend, optimizer.Parameters) * average;
        double multiplier = settings.Schedule.Multiplier(completed), rate = settings.LearningRate * multiplier;
        Progress.RequireNumbers(completed, loss.Sum, norm);
        isUpdating = true;
        optimizer.Step(rate, multiplier, average * GradientNorm.ClipCoefficient(norm, settings.ClipNorm));
        foreach (Parameter parameter in optimizer.Parameters) parameter.ClearGradient();

        double seconds = Clock.GetElapsedTime(start).TotalSeconds;
        progress.Tokens += loss.Tokens;
        var metrics = new StepMetrics(completed, loss.Sum / loss.Weight, norm, rate, loss.Tokens, seconds > 0 ? loss.Tokens / seconds : 0);
        completed++;
        (stepStart, isUpdating) = (null, false);
        foreach (IRunTracker tracker in Trackers) tracker.OnStep(metrics);
        return true;
    }

    /// <summary>A step without an example: nothing changes, and its line says so.</summary>
    private bool PassOver()
    {
        foreach (Parameter parameter in optimizer.Parameters) parameter.ClearGradient();
        double rate = settings.LearningRate * settings.Schedule.Multiplier(completed);
        var metrics = new StepMetrics(completed, double.NaN, 0, rate, 0, 0);
        completed++;
        stepStart = null;
        foreach (IRunTracker tracker in Trackers) tracker.OnStep(metrics);
        return true;
    }

    /// <summary>Goes back to where the step began.</summary>
    private void DropStep()
    {
        if (stepStart is null) return;
        foreach (Parameter parameter in optimizer.Parameters) parameter.ClearGradient();
        data.Seek(stepStart);
        stepStart = null;
    }

    /// <summary>Accumulates the gradients of all batches of a step.</summary>
    /// <returns>Their total loss; null if the run is to stop.</returns>
    private BatchLoss? Accumulate(CancellationToken cancellation)
    {
        if (Group.Size > 1) cancellation = CancellationToken.None; // they have agreed to take this step
        var sum = default(BatchLoss);
        for (int i = 0; i < settings.Accumulation; i++)
        {
            TBatch batch;
            try
            {
                cancellation.ThrowIfCancellationRequested();
                isReading = true;
                batch = data.Next(cancellation);
                isReading = false;
            }
            catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
            {
                return null;
            }

            BatchLoss loss = step.Accumulate(batch, new StepContext(completed, i, settings.Seed, IsLast: i == settings.Accumulation - 1));
            sum = new BatchLoss(sum.Sum + loss.Sum, sum.Weight + loss.Weight, sum.Tokens + loss.Tokens);
        }

        sum = OverAll(sum);
        return sum.Weight > 0 || settings.SkipsEmptySteps
            ? sum
            : throw new RequestException($"The batches of step {completed + 1} have no token to learn from: every suffix is empty.");
    }

    /// <summary>
    /// A process that stopped alone would leave the others waiting, so all stop before the same step, for the same reason.
    /// </summary>
    private bool IsAskedToStop(StopSignal? stop)
    {
        if (Group.Size == 1) return false; // asked within the step
        TrainingEnd own = stop?.End ?? TrainingEnd.Finished;
        Span<double> counts = [own == TrainingEnd.Interrupted ? 1 : 0, own == TrainingEnd.Terminated ? 1 : 0];
        Group.Sum(counts);
        asked = counts[1] > 0 ? TrainingEnd.Terminated : counts[0] > 0 ? TrainingEnd.Interrupted : TrainingEnd.Finished;
        return asked != TrainingEnd.Finished;
    }

    private bool IsSaidByAny(bool here)
    {
        Span<double> count = [here ? 1 : 0];
        Group.Sum(count);
        return count[0] > 0;
    }

    /// <summary>All processes must continue from the same step; one that cannot see the folder would start over.</summary>
    private void RequireSameStep(long? found)
    {
        if (Group.Size == 1) return;
        Span<double> steps = new double[Group.Size];
        steps[Group.Rank] = found ?? -1;
        Group.Sum(steps);
        for (int rank = 1; rank < steps.Length; rank++)
        {
            if (steps[rank] == steps[0]) continue;
            throw new RequestException($"Process 0 goes on from {Shown(steps[0])} and process {rank} from {Shown(steps[rank])}: "
                + $"all processes must see the same run's folder{(Store is null ? "" : $", {Store.Folder}")}.");
        }

        static string Shown(double step) =>
            step < 0 ? "no checkpoint" : string.Create(CultureInfo.InvariantCulture, $"the checkpoint of step {step}");
    }

    /// <summary>The loss of all processes' batches.</summary>
    private BatchLoss OverAll(in BatchLoss own)
    {
        if (Group.Size == 1) return own;
        Span<double> sums = [own.Sum, own.Weight, own.Tokens];
        Group.Sum(sums);
        return new BatchLoss(sums[0], sums[1], (long)sums[2]);
    }

    /// <summary>
    /// Evaluates and saves when it is time. A new best evaluation is always saved, because otherwise it could not be kept.
    /// </summary>
    private void AfterStep(CancellationToken cancellation)
    {
        bool isBest = (completed == settings.Schedule.TotalSteps || IsDue(settings.EvaluateEvery)) && EvaluateNow(cancellation);
        SaveIf(IsDue(settings.SaveEvery) || (isBest && Store?.Retention.Best == true));
    }

    /// <returns>Whether it is the best evaluation so far.</returns>
    private bool EvaluateNow(CancellationToken cancellation)
    {
        if (Evaluate is null) return false;
        try
        {
            EvaluationResult result = Evaluate(completed, cancellation);
            foreach (IRunTracker tracker in Trackers) tracker.OnEvaluation(completed, result);
            if (!progress.Judge(completed, result)) return false;
            OnBest?.Invoke();
            return true;
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            return false; // the step is done; the checkpoint that follows is as good without its evaluation
        }
    }

    private bool IsDue(long every) => every > 0 && completed % every == 0;

    /// <summary>
    /// Saves, if this process saves. The others help if they keep a part of what is saved; the saving process decides when.
    /// </summary>
    private void SaveIf(bool isTime)
    {
        bool saves = Store is { IsReadOnly: false };
        bool saved = saves && isTime;
        if (optimizer.Shards is not null) saved = IsSaidByAny(saved);
        if (!saved) return;
        if (saves) Save();
        else optimizer.GiveStates();
        lastSaved = completed;
    }

    /// <summary>
    /// Another process is gone: the current step is dropped, and the last complete one is saved. If the optimizer's states are sharded, a
    /// part of them is lost too, and the run resumes from the previous checkpoint.
    /// </summary>
    private void SaveAlone()
    {
        if (isUpdating || optimizer.Shards is not null || Store is not { IsReadOnly: false }) return;
        DropStep();
        if (lastSaved == completed) return;
        Save();
        lastSaved = completed;
    }

    private void Save()
    {
        foreach (IRunTracker tracker in Trackers) tracker.Sync();
        var state = new RunState
        {
            Step = completed,
            Settings = description,
            DataFingerprint = data.Fingerprint,
            DataPosition = data.Position,
            Values = progress.ToValues(),
        };
        Store!.Save(state, AllParts, progress.BestStep);
    }

    private IEnumerable<ICheckpointPart> AllParts =>
    [
        new CheckpointFile(
            "parameters.safetensors",
            path => ParameterFile.Save(path, optimizer.Parameters),
            path => ParameterFile.Load(path, optimizer.Parameters)),
        new CheckpointFile("optimizer.safetensors", optimizer.Save, optimizer.Load),
        .. Parts,
    ];
}
