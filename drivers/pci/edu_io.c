// SPDX-License-Identifier: GPL-2.0
/*
 * The factorial unit of "edu": submitting, the interrupt, stopping, starting
 * again, and telling whether it works.
 */
#include <linux/delay.h>
#include <linux/interrupt.h>
#include <linux/iopoll.h>
#include <linux/jiffies.h>
#include "edu.h"

/* For something that takes the device microseconds */
#define EDU_SOON_MS	50
/* Enough to blame the device, and not a machine that has other things to do */
#define EDU_LATE_MS	1000

static void end_outstanding(struct edu *edu)
{
	edu->outstanding = false;
	edu->done = edu->seq;
	devreset_idle(edu->node);
	wake_up_all(&edu->wait);
}

/*
 * Hand what is outstanding to the device. A unit that is at work ignores it, and
 * a device that is not there does; if so, edu_check() will find out, and it is
 * sent again after the reset.
 */
static void send(struct edu *edu)
{
	lockdep_assert_held(&edu->lock);
	edu->lost = false;
	/* All ones, as from a device that is not there, includes this bit. */
	edu->sent = !(edu_read(edu, EDU_STATUS) & EDU_STATUS_COMPUTING);
	/* An interrupt that is pending belongs to something older. */
	edu_write(edu, EDU_IRQ_ACK, EDU_IRQ_FACTORIAL);
	edu_write(edu, EDU_FACTORIAL, edu->arg);
	if (edu_read(edu, EDU_STATUS) == EDU_GONE)
		edu->sent = false;
}

/* 0, -EAGAIN while the unit is stopped or taken, or why it will never do it. */
static int try_submit(struct edu *edu, u32 arg, u32 *seq)
{
	unsigned long flags;
	int ret = 0;

	spin_lock_irqsave(&edu->lock, flags);
	if (edu->removed) {
		ret = -ENODEV;
	} else if (edu->dead) {
		ret = -EIO;
	} else if (edu->halted || edu->outstanding) {
		ret = -EAGAIN;
	} else {
		edu->outstanding = true;
		edu->arg = arg;
		*seq = ++edu->seq;
		edu->submitted++;
		devreset_busy(edu->node);
		send(edu);
	}
	spin_unlock_irqrestore(&edu->lock, flags);
	return ret;
}

/* -EAGAIN until number @seq is over. */
static int try_result(struct edu *edu, u32 seq)
{
	unsigned long flags;
	int ret = -EAGAIN;

	spin_lock_irqsave(&edu->lock, flags);
	if ((s32)(edu->done - seq) >= 0)
		ret = edu->failed == seq ? -EIO : 0;
	if (ret && edu->removed)
		ret = -ENODEV;
	spin_unlock_irqrestore(&edu->lock, flags);
	return ret;
}

/* Whoever asked for number @seq waits no more. */
static void give_up(struct edu *edu, u32 seq)
{
	unsigned long flags;

	spin_lock_irqsave(&edu->lock, flags);
	if (edu->outstanding && edu->seq == seq) {
		edu->failed = seq;
		end_outstanding(edu);
	}
	spin_unlock_irqrestore(&edu->lock, flags);
}

/**
 * edu_factorial - have the device compute a factorial
 * @edu: the device
 * @arg: of what; the result goes to edu->result
 * @timeout_ms: for the wait until the unit is free, and once more for the result
 *
 * Waits while the device is reset: what was submitted is replayed.
 *
 * Return: 0, -ERESTARTSYS (a signal, or suspend, which must not wait for us; to
 * compute it twice harms nobody), -ETIMEDOUT, -ENODEV (unbound meanwhile), -EIO
 * (the device was given up).
 */
int edu_factorial(struct edu *edu, u32 arg, unsigned int timeout_ms)
{
	unsigned long timeout = msecs_to_jiffies(timeout_ms);
	int ret = 0;
	long left;
	u32 seq;

	left = wait_event_interruptible_timeout(edu->wait,
						(ret = try_submit(edu, arg, &seq)) != -EAGAIN,
						timeout);
	if (left > 0 && !ret) {
		left = wait_event_interruptible_timeout(edu->wait,
							(ret = try_result(edu, seq)) != -EAGAIN,
							timeout);
		if (!left)
			give_up(edu, seq);
	}
	if (left < 0)
		return left;
	return left ? ret : -ETIMEDOUT;
}

/**
 * edu_irq - the interrupt
 * @irq: its number
 * @data: the device
 *
 * What completes a factorial is that the unit has computed it, not that some
 * interrupt comes: it may be a stale one.
 */
irqreturn_t edu_irq(int irq, void *data)
{
	struct edu *edu = data;
	irqreturn_t ret = IRQ_NONE;
	u32 pending, result;

	spin_lock(&edu->lock);
	pending = edu_read(edu, EDU_IRQ_STATUS);
	if (!pending || pending == EDU_GONE)
		goto out;
	edu_write(edu, EDU_IRQ_ACK, pending);
	ret = IRQ_HANDLED;
	if (pending & EDU_IRQ_DMA)
		edu_dma_irq(edu);
	if (!(pending & EDU_IRQ_FACTORIAL) || !edu->outstanding || !edu->sent)
		goto out;
	if (edu_read(edu, EDU_STATUS) & EDU_STATUS_COMPUTING)
		goto out;
	result = edu_read(edu, EDU_FACTORIAL);
	if (result == EDU_GONE)
		goto out;
	edu->result = result;
	edu->completed++;
	end_outstanding(edu);
out:
	spin_unlock(&edu->lock);
	return ret;
}

/**
 * edu_alive - does the device answer, and as it should?
 * @edu: the device
 */
bool edu_alive(struct edu *edu)
{
	unsigned long flags;
	bool alive;

	spin_lock_irqsave(&edu->lock, flags);
	edu->pattern = edu->pattern * 0x01010101 + 0x12345679;
	edu_write(edu, EDU_LIVENESS, edu->pattern);
	alive = edu_read(edu, EDU_LIVENESS) == ~edu->pattern &&
		edu_read(edu, EDU_ID) == EDU_ID_VALUE;
	spin_unlock_irqrestore(&edu->lock, flags);
	return alive;
}

static bool is_over(struct edu *edu, u32 seq)
{
	unsigned long flags;
	bool over;

	spin_lock_irqsave(&edu->lock, flags);
	over = (s32)(edu->done - seq) >= 0;
	spin_unlock_irqrestore(&edu->lock, flags);
	return over;
}

/* Wait a moment for what is outstanding now; not for what comes after it. */
static bool drain(struct edu *edu, u32 *seq, unsigned int ms)
{
	*seq = READ_ONCE(edu->seq);
	return wait_event_timeout(edu->wait, is_over(edu, *seq),
				  msecs_to_jiffies(ms));
}

/* Number @seq does not end: why? NULL: it has ended after all. */
static const char *find_fault(struct edu *edu, u32 seq)
{
	const char *fault = NULL;

	spin_lock_irq(&edu->lock);
	if (!edu->outstanding || edu->seq != seq || edu->halted)
		goto out;
	if (!edu->sent) {
		fault = "request did not arrive";
	} else if (edu_read(edu, EDU_STATUS) & EDU_STATUS_COMPUTING) {
		fault = "factorial does not end";
	} else {
		fault = "lost interrupt";
		edu->lost_irqs += !edu->lost;
		edu->lost = true;
	}
out:
	spin_unlock_irq(&edu->lock);
	return fault;
}

/**
 * edu_check - does the device work?
 * @edu: the device
 * @reason: what is wrong
 *
 * A factorial takes microseconds, so one that is outstanding is waited for. If
 * only its interrupt is missing, it is not completed from here: the next one
 * would be lost too. What masks the interrupt has to be found, and that takes
 * a reset; the factorial is kept until then.
 *
 * Return: 0 or -EIO.
 */
int edu_check(struct edu *edu, const char **reason)
{
	const char *fault = NULL;
	bool off, halted;
	u32 seq;

	spin_lock_irq(&edu->lock);
	off = edu->removed || edu->dead || edu->asleep;
	halted = edu->halted;
	spin_unlock_irq(&edu->lock);
	if (off)
		return 0;
	if (!edu_alive(edu))
		fault = "registers do not answer";
	else if (halted)
		fault = "could not be started again";
	else if (!drain(edu, &seq, EDU_LATE_MS))
		fault = find_fault(edu, seq);
	if (!fault)
		return 0;
	*reason = fault;
	return -EIO;
}

/**
 * edu_halt - stop the device, wait until it has stopped
 * @edu: the device
 *
 * What is outstanding and does not end in a moment is kept. May be called when
 * it is stopped already. A device that does not answer is not touched, and the
 * DMA unit never: its own driver does that.
 *
 * Return: 0, or -EIO when it may still be at work.
 */
int edu_halt(struct edu *edu)
{
	u32 seq;

	spin_lock_irq(&edu->lock);
	edu->halted = true;
	spin_unlock_irq(&edu->lock);

	if (pci_channel_offline(edu->pdev) || edu_read(edu, EDU_ID) != EDU_ID_VALUE) {
		synchronize_irq(pci_irq_vector(edu->pdev, 0));
		return -EIO;
	}
	drain(edu, &seq, EDU_SOON_MS);
	edu_write(edu, EDU_STATUS, 0);
	synchronize_irq(pci_irq_vector(edu->pdev, 0));
	return 0;
}

/**
 * edu_init_hw - bring the registers into their initial state
 * @edu: the device, stopped
 *
 * Return: 0, or -EIO when it does not answer, or does not come to rest.
 */
int edu_init_hw(struct edu *edu)
{
	u32 value;

	if (!edu_alive(edu))
		return -EIO;
	edu_write(edu, EDU_STATUS, 0);
	if (readx_poll_timeout(ioread32, edu->regs + EDU_STATUS, value,
			       !(value & EDU_STATUS_COMPUTING), 100, EDU_SOON_MS * 1000))
		return -EIO;
	edu_write(edu, EDU_IRQ_ACK, edu_read(edu, EDU_IRQ_STATUS) & ~EDU_IRQ_DMA);
	return 0;
}

/**
 * edu_go - go on after edu_halt()
 * @edu: the device
 * @status: 0, or an errno: nothing is known about its state, which is then
 *	built up from scratch
 *
 * Return: 0, or -EIO; then it stays stopped, and writers wait on.
 */
int edu_go(struct edu *edu, int status)
{
	if (pci_channel_offline(edu->pdev) || (status && edu_init_hw(edu)))
		return -EIO;
	spin_lock_irq(&edu->lock);
	edu->halted = false;
	edu->dead = false;
	edu_write(edu, EDU_STATUS, EDU_STATUS_IRQ);
	if (edu->outstanding) {
		edu->replayed++;
		send(edu);
	}
	spin_unlock_irq(&edu->lock);
	wake_up_all(&edu->wait);
	return 0;
}

/**
 * edu_abandon - nobody will be served any more
 * @edu: the device
 * @removed: the driver is being unbound; else the device has been given up
 */
void edu_abandon(struct edu *edu, bool removed)
{
	spin_lock_irq(&edu->lock);
	edu->halted = true;
	if (removed)
		edu->removed = true;
	else
		edu->dead = true;
	if (edu->outstanding) {
		edu->failed = edu->seq;
		end_outstanding(edu);
	}
	spin_unlock_irq(&edu->lock);
	wake_up_all(&edu->wait);
}
