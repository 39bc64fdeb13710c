using Microsoft.Playwright;
using VlmSharp.Conformance;

namespace VlmSharp.Server.Tests.Page;

/// <summary>Each task through the page, on the real server with the demo model.</summary>
[Collection(BrowserTests.Name)]
public sealed class ServedModelTests(BrowserFixture browser, RunningServer running) : IClassFixture<RunningServer>
{
    [ChromiumTheory]
    [InlineData("caption", "#task=caption&sample=bell-house-scissors", "scissors, a bell and a house")]
    [InlineData("ask", "#task=ask&question=what is below the car%3F&sample=car-key", "a key")]
    [InlineData("prompt", "#task=prompt&words=answer en how many suns are there%3F&sample=sun", "2")]
    public Task Words(string name, string address, string text) => UseAsync(name, address, async page =>
    {
        await Assertions.Expect(page.Locator(".answer .text")).ToHaveTextAsync(text);
        await Assertions.Expect(page.Locator(".figures")).ToContainTextAsync("(picture 64)");
    });

    [ChromiumFact]
    public Task Boxes() => UseAsync("detect", "#task=detect&things=red star&sample=red_star", async page =>
    {
        await Assertions.Expect(page.Locator(".found .label")).ToHaveTextAsync(["red star", "red star"]);
        await Assertions.Expect(page.Locator(".mark")).ToHaveCountAsync(2);
        // samples/answers.json: <loc0027><loc0100><loc0420><loc0530> of 1024, in a picture of 224 pixels
        await Assertions.Expect(page.Locator(".found .place").First).ToHaveTextAsync("94 × 86 at 22, 6");
        await Assertions.Expect(page.Locator(".raw")).ToContainTextAsync("<loc0027><loc0100><loc0420><loc0530> red star ; <loc0265>");
    });

    [ChromiumFact]
    public Task Two_things_are_found_side_by_side() => UseAsync(
        "compare",
        "#task=detect&things=car&things2=key&sample=car-key&compare=1",
        async page => await Assertions.Expect(page.Locator(".found .label")).ToHaveTextAsync(["car", "key"]));

    [ChromiumFact]
    public Task An_answer_is_explained() => UseAsync("explain", "#task=caption&sample=car-key", async page =>
    {
        await page.GetByRole(AriaRole.Button, new() { Name = "Explain" }).ClickAsync();
        IFrameLocator frame = page.FrameLocator("iframe");
        await Assertions.Expect(frame.Locator("h1")).ToContainTextAsync("a car above a key");
        await Assertions.Expect(frame.Locator("#answer .step")).ToHaveCountAsync(6);
        Assert.True(await frame.Locator(".map image").First
            .EvaluateAsync<bool>(
                "async image => { const shown = new Image(); shown.src = image.getAttribute('href'); await shown.decode(); return "
                    + "shown.width > 0; }"));
    });

    [ChromiumFact]
    public async Task A_key()
    {
        await using var server =
            new Owned(await RunningServer.StartAsync(options => options with { ApiKeys = "alice:a-long-enough-key-for-a-test" }));
        await browser.UseAsync(server.Running.Server.Address, async page =>
        {
            await page.GetByLabel("This server asks for a key").FillAsync("a-long-enough-key-for-a-test");
            await page.Keyboard.PressAsync("Enter");
            await page.GetByRole(AriaRole.Button, new() { Name = "Run", Exact = true }).ClickAsync();
            await Assertions.Expect(page.Locator(".answer .text")).ToHaveTextAsync("two suns");
        }, new PageView { Address = "#task=caption&sample=sun", RequestsFail = true });
    }

    [ChromiumFact]
    public Task A_prompt_that_the_model_refuses_gives_a_readable_error() => browser.UseAsync(running.Server.Address, async page =>
    {
        await page.Locator("#file").SetInputFilesAsync(Path.Combine(GoldenFiles.Root, "demo", "samples", "cake.png"));
        await page.GetByRole(AriaRole.Radio, new() { Name = "Ask" }).CheckAsync();
        await page.GetByLabel("Question").FillAsync(new string('x', 5000));
        await page.Keyboard.PressAsync("Enter");
        await Assertions.Expect(page.GetByRole(AriaRole.Alert).Filter(new() { HasText = "tokens" })).ToBeVisibleAsync();
    }, new PageView { RequestsFail = true });

    private Task UseAsync(string name, string address, Func<IPage, Task> use) => browser.UseAsync(running.Server.Address, async page =>
    {
        foreach (ILocator button in await page.GetByRole(AriaRole.Button, new() { Name = "Run", Exact = true }).AllAsync())
            await button.ClickAsync();
        await Assertions.Expect(page.Locator(".figures").First).ToBeVisibleAsync();
        await use(page);
    }, new PageView { Address = address, Screenshot = "model-" + name });

    private sealed class Owned(RunningServer running) : IAsyncDisposable
    {
        public RunningServer Running => running;

        public async ValueTask DisposeAsync() => await running.DisposeAsync();
    }
}
