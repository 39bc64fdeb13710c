using System.Globalization;
using System.Text.Json;
using VlmSharp.Training.Optimizers;

namespace VlmSharp.Training.Tests.Optimizers;

public sealed class ScheduleTests
{
    [Theory]
    [InlineData("hf_linear", ScheduleKind.Linear)]
    [InlineData("hf_cosine", ScheduleKind.Cosine)]
    public void Multipliers_equal_those_of_transformers(string section, ScheduleKind kind)
    {
        JsonElement golden = TrainingGoldens.Section(section);
        var schedule = new Schedule(kind, golden.GetProperty("total").GetInt64(), golden.GetProperty("warmup").GetInt64());
        foreach (JsonProperty step in golden.GetProperty("mult").EnumerateObject())
            Assert.Equal(step.Value.GetDouble(), schedule.Multiplier(long.Parse(step.Name, CultureInfo.InvariantCulture)), 1e-12);
    }

    [Fact]
    public void The_cosine_of_big_vision_is_the_same()
    {
        JsonElement golden = TrainingGoldens.Section("cosine_warmup_bv");
        double rate = golden.GetProperty("base").GetDouble();
        var schedule = new Schedule(ScheduleKind.Cosine, golden.GetProperty("total").GetInt64(), golden.GetProperty("warmup").GetInt64());
        foreach (JsonProperty step in golden.GetProperty("lr").EnumerateObject())
            Assert.Equal(
                step.Value.GetDouble(), rate * schedule.Multiplier(long.Parse(step.Name, CultureInfo.InvariantCulture)), 1e-12 * rate);
    }

    [Fact]
    public void A_constant_rate_warms_up_and_stays()
    {
        var schedule = new Schedule(ScheduleKind.Constant, 10, 4);
        Assert.Equal([0, 0.25, 0.5, 0.75, 1, 1, 1], Enumerable.Range(0, 7).Select(i => schedule.Multiplier(i)));
        Assert.Equal(1, new Schedule(ScheduleKind.Constant, 10).Multiplier(0));
    }

    [Fact]
    public void Without_warm_up_the_first_step_has_the_whole_rate() => Assert.Equal(1, new Schedule(ScheduleKind.Cosine, 10).Multiplier(0));
}
